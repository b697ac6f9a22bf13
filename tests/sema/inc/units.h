#pragma once
#define UNITS_H
#include "shapes.h"
enum unit { METRE, MILLIMETRE = 3 };
#define METRE METRE
