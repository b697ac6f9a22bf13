%require "3.8"
/*
 * parser.y - the grammar
 *
 * Follows LANGUAGE.md 2 rule by rule. What one token of look-ahead cannot decide has been decided
 * by the scanner, which has tokens of several kinds for one text: '(' may open a cast, a condition,
 * a type or a group; '{' and 'if' are different at the beginning of a statement. Each action calls
 * one constructor. No action looks a name up or asks what something means.
 *
 * After a mistake inside of braces parsing goes on behind the statement: the scanner leaves out the
 * rest of it (lexer_recover()), so that 'error' always stands in front of the ';' or '}' that
 * belongs to it. A mistake at root level ends parsing.
 */

%define api.pure full
%define api.token.prefix {TOK_}
%define api.location.type {struct span}
%define parse.error custom
%define parse.lac full
%expect 0
%locations
%lex-param { void *scanner }
%parse-param { void *scanner } { struct parser *p }

%code requires {
#include "parser/build.h"
}

%code {
#include "lexer/lexer.h"

/* Bounds the nesting of what is accepted, and with it the recursion of all passes. */
#define YYMAXDEPTH 10000

/* An empty rule stands where the one in front of it ends. */
#define YYLLOC_DEFAULT(Current, Rhs, N)                                                            \
    ((Current) = (N) ? span_join(YYRHSLOC(Rhs, 1), YYRHSLOC(Rhs, N))                               \
                     : (struct span){ YYRHSLOC(Rhs, 0).end, YYRHSLOC(Rhs, 0).end })

static int yylex(YYSTYPE *value, struct span *at, void *scanner);
static void yyerror(const struct span *at, void *scanner, struct parser *p, const char *message);
}

%initial-action {
    @$ = (struct span){ p->source->base, p->source->base };
}

%union {
    uint64_t num;
    struct str text;
    struct assign_op assign_op;
    struct expr *expr;
    struct exprs exprs;
    struct element element;
    struct elements elements;
    struct stmt *stmt;
    struct stmts stmts;
    struct block block;
    struct block *else_block;
    struct type_expr *type;
    struct suffixes suffixes;
    struct operand operand;
    struct names names;
    struct attach_point *point;
    struct points points;
    struct macro_param macro_param;
    struct macro_params macro_params;
    struct fn_param fn_param;
    struct fn_params fn_params;
}

%token YYEOF 0 "end of input"

%token <text> C_ITEM "C item"
%token <point> ATTACH_POINT "attach point"
%token <text> STRING "string" IDENT "identifier" VAR "variable" MAP "map"
%token <num> INTEGER "integer" PARAM "parameter" ELEMENT "element"
%token NPARAMS "$#"

%token CONFIG "config" MACRO "macro" FN "fn"
%token <text> BREAK "break" COMPTIME "comptime" CONTINUE "continue" ELSE "else" ENUM "enum"
%token <text> FALSE "false" FOR "for" IF "if" IMPORT "import" LET "let" OFFSETOF "offsetof"
%token <text> RETURN "return" SIZEOF "sizeof" STRUCT "struct" TRUE "true" TYPEINFO "typeinfo"
%token <text> TYPEOF "typeof" UNION "union" UNROLL "unroll" WHILE "while"

/* The scanner's decisions: see lexer/peek.c. */
%token STMT_IF "if statement" STMT_BRACE "{ of a statement"
%token COND_PAREN "( of a condition" TYPE_PAREN "( of a type" CAST_PAREN "( of a cast"
%token PRED_BEGIN "/ before a predicate" PRED_END "/ after a predicate"

%token RANGE ".." ARROW "->" INC "++" DEC "--" SHL "<<" SHR ">>" LE "<=" GE ">=" EQ "==" NE "!="
%token LAND "&&" LOR "||" ADD_ASSIGN "+=" SUB_ASSIGN "-=" MUL_ASSIGN "*=" DIV_ASSIGN "/="
%token MOD_ASSIGN "%=" AND_ASSIGN "&=" OR_ASSIGN "|=" XOR_ASSIGN "^=" SHL_ASSIGN "<<="
%token SHR_ASSIGN ">>="

%right '?' ':'
%left "||"
%left "&&"
%left '|'
%left '^'
%left '&'
%left "==" "!="
%left '<' '>' "<=" ">="
%left "<<" ">>"
%left '+' '-'
%left '*' '/' '%'
%precedence MAP_ALONE /* '[' behind a map is its key */
%precedence '['

%type <macro_params> macro_params macro_param_list
%type <macro_param> macro_param
%type <fn_params> fn_params fn_param_list
%type <fn_param> fn_param
%type <points> points
%type <expr> predicate init compound if_stmt if_expr cond expr unary prefixed postfix primary bound
%type <expr> arg
%type <exprs> args exprs
%type <element> element
%type <elements> elements
%type <stmt> simple last loop for_head
%type <stmts> stmts
%type <block> block void_block rest
%type <else_block> else
%type <assign_op> assign_op
%type <type> annotation type type_base
%type <suffixes> suffixes
%type <operand> operand
%type <names> path
%type <text> word value

%%

/* ---- top level ---- */
script:
    %empty
  | script item
  ;

item:
    C_ITEM                                      { build_c_item(p, @$, $1); }
  | "config" '=' '{' settings '}'               { build_config(p, @1); }
  | "import" STRING ';'                         { build_import(p, @1, @$, $2); }
  | "let" MAP '=' IDENT '(' expr ')' semicolon  { build_map_decl(p, @$, $2, $4, @4, $6); }
  | "let" VAR annotation init ';'               { build_stray_let(p, @$); }
  | "macro" IDENT '(' macro_params ')' block      { build_macro(p, @$, $2, @2, $4, $6); }
  | "fn" IDENT '(' fn_params ')' ':' type void_block
                                                { build_function(p, @$, $2, @2, $4, $7, $8); }
  | points comma predicate void_block           { build_probe(p, @1, $1, $3, $4); }
  ;

semicolon: %empty | ';' ;

settings: %empty | setting_list semicolon ;

setting_list: setting | setting_list ';' setting ;

setting:
    IDENT '=' value                 { build_setting(p, @$, $1, @1, $3, @3); }
  ;

value:
    STRING
  | IDENT
  | "true"
  | "false"
  | INTEGER                         { $$ = build_text(p, @1); }
  ;

macro_params:
    %empty                          { $$ = (struct macro_params){ 0 }; }
  | macro_param_list
  ;

macro_param_list:
    macro_param                     { $$ = build_macro_param(p, (struct macro_params){ 0 }, $1); }
  | macro_param_list ',' macro_param  { $$ = build_macro_param(p, $1, $3); }
  ;

macro_param:
    IDENT                           { $$ = (struct macro_param){ PARAM_EXPR, $1, @1 }; }
  | VAR                             { $$ = (struct macro_param){ PARAM_VAR, $1, @1 }; }
  | MAP                             { $$ = (struct macro_param){ PARAM_MAP, $1, @1 }; }
  ;

fn_params:
    %empty                          { $$ = (struct fn_params){ 0 }; }
  | fn_param_list
  ;

fn_param_list:
    fn_param                        { $$ = build_fn_param(p, (struct fn_params){ 0 }, $1); }
  | fn_param_list ',' fn_param      { $$ = build_fn_param(p, $1, $3); }
  ;

fn_param:
    VAR ':' type                    { $$ = (struct fn_param){ $1, @1, $3, NULL }; }
  ;

points:
    ATTACH_POINT                    { $$ = build_point((struct points){ 0 }, $1, @1); }
  | points ',' ATTACH_POINT         { $$ = build_point($1, $3, @3); }
  ;

comma: %empty | ',' ;

predicate:
    %empty                          { $$ = NULL; }
  | PRED_BEGIN expr PRED_END        { $$ = $2; }
  ;

/* ---- blocks and statements ---- */
block:
    '{' rest                        { $$ = $2; $$.at = @$; }
  | STMT_BRACE rest                 { $$ = $2; $$.at = @$; }
  ;

void_block:
    block                           { $$ = build_void(p, $1); }
  ;

rest:
    stmts last '}'                  { $$ = build_block(p, @$, $1, $2); }
  | stmts error '}'                 { $$ = build_block(p, @$, $1, NULL); yyerrok; }
  ;

stmts:
    %empty                          { $$ = (struct stmts){ 0 }; }
  | stmts simple ';'                { $$ = build_add(p, $1, $2); }
  | stmts loop                      { $$ = build_add(p, $1, $2); }
  | stmts compound                  { $$ = build_add_open(p, $1, $2); }
  | stmts ';'                       { $$ = build_add(p, $1, NULL); }
  | stmts error ';'                 { $$ = $1; yyerrok; }
  ;

last:
    %empty                          { $$ = NULL; }
  | simple
  ;

simple:
    expr                            { $$ = build_expr_stmt(p, STMT_EXPR, @$, $1); }
  | expr assign_op expr             { $$ = build_assign(p, @$, $1, $2, $3); }
  | "let" VAR annotation init       { $$ = build_let(p, @$, $2, @2, $3, $4); }
  | "break"                         { $$ = ast_stmt(p->arena, STMT_BREAK, @$); }
  | "continue"                      { $$ = ast_stmt(p->arena, STMT_CONTINUE, @$); }
  | "return"                        { $$ = ast_stmt(p->arena, STMT_RETURN, @$); }
  | "return" expr                   { $$ = build_expr_stmt(p, STMT_RETURN, @$, $2); }
  | "import" STRING                 { $$ = build_import_stmt(p, @$, $2); }
  ;

annotation:
    %empty                          { $$ = NULL; }
  | ':' type                        { $$ = $2; }
  ;

init:
    %empty                          { $$ = NULL; }
  | '=' expr                        { $$ = $2; }
  ;

assign_op:
    '='                             { $$ = (struct assign_op){ 0 }; }
  | "+="                            { $$ = (struct assign_op){ true, OP_ADD }; }
  | "-="                            { $$ = (struct assign_op){ true, OP_SUB }; }
  | "*="                            { $$ = (struct assign_op){ true, OP_MUL }; }
  | "/="                            { $$ = (struct assign_op){ true, OP_DIV }; }
  | "%="                            { $$ = (struct assign_op){ true, OP_MOD }; }
  | "&="                            { $$ = (struct assign_op){ true, OP_AND }; }
  | "|="                            { $$ = (struct assign_op){ true, OP_OR }; }
  | "^="                            { $$ = (struct assign_op){ true, OP_XOR }; }
  | "<<="                           { $$ = (struct assign_op){ true, OP_SHL }; }
  | ">>="                           { $$ = (struct assign_op){ true, OP_SHR }; }
  ;

loop:
    "while" cond void_block         { $$ = build_loop(p, STMT_WHILE, @$, $2, $3); }
  | "unroll" cond void_block        { $$ = build_loop(p, STMT_UNROLL, @$, $2, $3); }
  | "for" for_head void_block       { $$ = build_for(@$, $2, $3); }
  | "for" '(' for_head ')' void_block  { $$ = build_for(@$, $3, $5); }
  ;

for_head:
    VAR ':' MAP                     { $$ = build_for_map(p, $1, @1, $3, @3); }
  | VAR ':' bound ".." bound        { $$ = build_for_range(p, $1, @1, $3, $5); }
  ;

bound: primary | prefixed ;

cond:
    COND_PAREN expr ')'             { $$ = $2; }
  | unary
  ;

/* Statements that need no ';' behind them: an 'if' or a block. */
compound:
    if_stmt
  | STMT_BRACE rest                 { $$ = build_block_expr(p, @$, $2); }
  ;

if_stmt:
    STMT_IF cond block else         { $$ = build_if(p, @$, $2, $3, $4); }
  ;

if_expr:
    "if" cond block else            { $$ = build_if(p, @$, $2, $3, $4); }
  ;

else:
    %empty                          { $$ = NULL; }
  | "else" block                    { $$ = build_else(p, $2); }
  | "else" if_expr                  { $$ = build_else_if(p, $2); }
  ;

/* ---- expressions ---- */
expr:
    unary
  | expr '*' expr                   { $$ = ast_binary(p->arena, @$, OP_MUL, $1, $3); }
  | expr '/' expr                   { $$ = ast_binary(p->arena, @$, OP_DIV, $1, $3); }
  | expr '%' expr                   { $$ = ast_binary(p->arena, @$, OP_MOD, $1, $3); }
  | expr '+' expr                   { $$ = ast_binary(p->arena, @$, OP_ADD, $1, $3); }
  | expr '-' expr                   { $$ = ast_binary(p->arena, @$, OP_SUB, $1, $3); }
  | expr "<<" expr                  { $$ = ast_binary(p->arena, @$, OP_SHL, $1, $3); }
  | expr ">>" expr                  { $$ = ast_binary(p->arena, @$, OP_SHR, $1, $3); }
  | expr '<' expr                   { $$ = ast_binary(p->arena, @$, OP_LT, $1, $3); }
  | expr "<=" expr                  { $$ = ast_binary(p->arena, @$, OP_LE, $1, $3); }
  | expr '>' expr                   { $$ = ast_binary(p->arena, @$, OP_GT, $1, $3); }
  | expr ">=" expr                  { $$ = ast_binary(p->arena, @$, OP_GE, $1, $3); }
  | expr "==" expr                  { $$ = ast_binary(p->arena, @$, OP_EQ, $1, $3); }
  | expr "!=" expr                  { $$ = ast_binary(p->arena, @$, OP_NE, $1, $3); }
  | expr '&' expr                   { $$ = ast_binary(p->arena, @$, OP_AND, $1, $3); }
  | expr '^' expr                   { $$ = ast_binary(p->arena, @$, OP_XOR, $1, $3); }
  | expr '|' expr                   { $$ = ast_binary(p->arena, @$, OP_OR, $1, $3); }
  | expr "&&" expr                  { $$ = ast_binary(p->arena, @$, OP_LAND, $1, $3); }
  | expr "||" expr                  { $$ = ast_binary(p->arena, @$, OP_LOR, $1, $3); }
  | expr '?' expr ':' expr          { $$ = build_ternary(p, @$, $1, $3, $5); }
  | expr '?' ':' expr               { $$ = build_ternary(p, @$, $1, NULL, $4); }
  ;

unary:
    postfix
  | prefixed
  ;

prefixed:
    "++" unary                      { $$ = build_incdec(p, @$, $2, false, true); }
  | "--" unary                      { $$ = build_incdec(p, @$, $2, true, true); }
  | '*' unary                       { $$ = ast_unary(p->arena, @$, OP_DEREF, $2); }
  | '-' unary                       { $$ = ast_unary(p->arena, @$, OP_NEG, $2); }
  | '!' unary                       { $$ = ast_unary(p->arena, @$, OP_NOT, $2); }
  | '~' unary                       { $$ = ast_unary(p->arena, @$, OP_BNOT, $2); }
  | '&' unary                       { $$ = build_address(p, @$, $2); }
  | CAST_PAREN type ')' unary       { $$ = build_cast(p, @$, $2, $4); }
  | "comptime" unary                { $$ = build_comptime(p, @$, $2); }
  ;

postfix:
    primary
  | postfix '.' word                { $$ = build_field(p, @$, $1, $3, false); }
  | postfix "->" word               { $$ = build_field(p, @$, $1, $3, true); }
  | postfix ELEMENT                 { $$ = build_element_of(p, @$, $1, $2); }
  | postfix '[' expr ']'            { $$ = build_index(p, @$, $1, $3); }
  | postfix "++"                    { $$ = build_incdec(p, @$, $1, false, false); }
  | postfix "--"                    { $$ = build_incdec(p, @$, $1, true, false); }
  ;

primary:
    INTEGER                         { $$ = ast_int(p->arena, @$, $1); }
  | STRING                          { $$ = ast_string(p->arena, @$, $1); }
  | "true"                          { $$ = build_number(p, EXPR_BOOL, @$, true); }
  | "false"                         { $$ = build_number(p, EXPR_BOOL, @$, false); }
  | PARAM                           { $$ = build_number(p, EXPR_PARAM, @$, $1); }
  | NPARAMS                         { $$ = ast_expr(p->arena, EXPR_NPARAMS, @$); }
  | VAR                             { $$ = build_name(p, EXPR_VAR, @$, $1); }
  | MAP %prec MAP_ALONE             { $$ = ast_map(p->arena, @$, $1, NULL); }
  | MAP '[' exprs ']'               { $$ = ast_map(p->arena, @$, $1, $3.head); }
  | IDENT                           { $$ = build_name(p, EXPR_IDENT, @$, $1); }
  | IDENT '(' ')'                   { $$ = ast_call(p->arena, @$, $1, NULL, true); }
  | IDENT '(' args ')'              { $$ = ast_call(p->arena, @$, $1, $3.head, true); }
  | '(' ')'                         { $$ = ast_expr(p->arena, EXPR_TUPLE, @$); }
  | '(' elements ')'                { $$ = build_parens(p, @$, $2, false); }
  | '(' elements ',' ')'            { $$ = build_parens(p, @$, $2, true); }
  | "sizeof" operand ')'            { $$ = build_type_of(p, EXPR_SIZEOF, @$, $2); }
  | "typeinfo" operand ')'          { $$ = build_type_of(p, EXPR_TYPEINFO, @$, $2); }
  | "offsetof" operand ',' path ')' { $$ = build_offsetof(p, @$, $2, $4); }
  | if_expr
  | '{' rest                        { $$ = build_block_expr(p, @$, $2); }
  ;

exprs:
    expr                            { $$ = build_append((struct exprs){ 0 }, $1); }
  | exprs ',' expr                  { $$ = build_append($1, $3); }
  ;

args:
    arg                             { $$ = build_append((struct exprs){ 0 }, $1); }
  | args ',' arg                    { $$ = build_append($1, $3); }
  ;

arg:
    expr
  | "typeof" operand ')'            { $$ = build_type_of(p, EXPR_TYPEOF, @$, $2); }
  ;

elements:
    element                         { $$ = build_element(p, (struct elements){ 0 }, $1); }
  | elements ',' element            { $$ = build_element(p, $1, $3); }
  ;

element:
    expr                            { $$ = (struct element){ STR(""), @$, $1 }; }
  | IDENT '=' expr                  { $$ = (struct element){ $1, @$, $3 }; }
  ;

operand:
    '(' expr                        { $$ = (struct operand){ .expr = $2 }; }
  | TYPE_PAREN type                 { $$ = (struct operand){ .type = $2 }; }
  ;

path:
    word                            { $$ = build_path(p, (struct names){ 0 }, $1); }
  | path '.' word                   { $$ = build_path(p, $1, $3); }
  ;

/* Keywords are no keywords where only a field can stand. */
word:
    IDENT | "break" | "comptime" | "continue" | "else" | "enum" | "false" | "for" | "if" | "import"
  | "let" | "offsetof" | "return" | "sizeof" | "struct" | "true" | "typeinfo" | "typeof" | "union"
  | "unroll" | "while"
  ;

/* ---- types ---- */
type:
    type_base suffixes              { $$ = build_type(@$, $1, $2); }
  ;

type_base:
    IDENT                           { $$ = build_type_name(p, @$, 0, $1); }
  | "struct" IDENT                  { $$ = build_type_name(p, @$, 's', $2); }
  | "union" IDENT                   { $$ = build_type_name(p, @$, 'u', $2); }
  | "enum" IDENT                    { $$ = build_type_name(p, @$, 'e', $2); }
  | "typeof" operand ')'            { $$ = build_typeof(p, @$, $2); }
  ;

suffixes:
    %empty                          { $$ = (struct suffixes){ 0 }; }
  | suffixes '*'                    { $$ = build_suffix(p, $1, SUFFIX_PTR, 0); }
  | suffixes '[' ']'                { $$ = build_suffix(p, $1, SUFFIX_OPEN_ARRAY, 0); }
  | suffixes '[' INTEGER ']'        { $$ = build_suffix(p, $1, SUFFIX_ARRAY, $3); }
  ;

%%

static int yylex(YYSTYPE *value, struct span *at, void *scanner)
{
    return lexer_next(value, at, scanner);
}

static int yyreport_syntax_error(const yypcontext_t *context, void *scanner, struct parser *p)
{
    yysymbol_kind_t kinds[YYNTOKENS];
    const char *names[YYNTOKENS];
    int n = yypcontext_expected_tokens(context, kinds, YYNTOKENS);

    (void)scanner;
    if (n < 0)
        return n;
    for (int i = 0; i < n; i++)
        names[i] = yysymbol_name(kinds[i]);
    parse_report(p, *yypcontext_location(context), yysymbol_name(yypcontext_token(context)), names,
                 (size_t)n);
    lexer_recover(p);
    return 0;
}

/* Only for a full stack: mistakes in the text are for yyreport_syntax_error(). */
static void yyerror(const struct span *at, void *scanner, struct parser *p, const char *message)
{
    (void)scanner;
    (void)message;
    diag_error(p->diags, *at, "nested too deeply");
}

const char *parse_token_name(int token)
{
    return yysymbol_name(YYTRANSLATE(token));
}
