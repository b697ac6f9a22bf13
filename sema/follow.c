/*
 * follow.c - --follow: the processes that descend from the one of -p or -c
 *
 * They are a map like any other, kept by two probes like any others, which are written in the
 * script's own language and put in front of the script. The programs of all other probes look into
 * the map first (codegen/task.c); the runtime puts the first process into it.
 */
#include "sema/sema_impl.h"

#define FOLLOWED IMAGE_FOLLOWED

static const char text[] =
    "rawtracepoint:sched_process_fork\n"
    "{\n"
    "    $parent = (struct task_struct *)arg0;\n"
    "    $child = (struct task_struct *)arg1;\n"
    "    if (has_key(" FOLLOWED ", $parent->tgid)) { " FOLLOWED "[$child->tgid] = 1; }\n"
    "}\n"
    "rawtracepoint:sched_process_exit\n"
    "{\n"
    "    $task = (struct task_struct *)arg0;\n"
    "    if ($task->signal->live.counter == 0 && has_key(" FOLLOWED ", $task->tgid)) {\n"
    "        delete(" FOLLOWED ", $task->tgid);\n"
    "    }\n"
    "}\n";

void follow_children(struct compile *c)
{
    if (c->config->opt.follow && c->config->opt.filter_pid && !c->list_only)
        import_text(c, STR("--follow"), str_from(text));
}
