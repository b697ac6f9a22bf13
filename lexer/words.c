/*
 * words.c - words with a meaning, and the names seen so far
 *
 * Keywords are few and looked up one after the other. The noted names are what the text in front
 * says about a name without knowing any type: good enough to read "(LIMIT) - 1" as people mean it.
 */
#include "lexer/lexer.h"
#include "parser/build.h"
#include "parser/parser.tab.h"

#include <ctype.h>

struct keyword {
    const char *text;
    int token;
};

static int find(const struct keyword *words, size_t n, struct str word)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eqz(word, words[i].text))
            return words[i].token;
    }
    return 0;
}

int lexer_keyword(struct str word)
{
    static const struct keyword words[] = {
        { "break", TOK_BREAK },       { "comptime", TOK_COMPTIME },
        { "continue", TOK_CONTINUE }, { "else", TOK_ELSE },
        { "enum", TOK_ENUM },         { "false", TOK_FALSE },
        { "for", TOK_FOR },           { "if", TOK_IF },
        { "import", TOK_IMPORT },     { "let", TOK_LET },
        { "offsetof", TOK_OFFSETOF }, { "return", TOK_RETURN },
        { "sizeof", TOK_SIZEOF },     { "struct", TOK_STRUCT },
        { "true", TOK_TRUE },         { "typeinfo", TOK_TYPEINFO },
        { "typeof", TOK_TYPEOF },     { "union", TOK_UNION },
        { "unroll", TOK_UNROLL },     { "while", TOK_WHILE },
    };

    return find(words, ARRAY_LEN(words), word);
}

int lexer_root_keyword(struct str word)
{
    static const struct keyword words[] = {
        { "config", TOK_CONFIG }, { "import", TOK_IMPORT }, { "let", TOK_LET },
        { "macro", TOK_MACRO },   { "fn", TOK_FN },         { "struct", TOK_STRUCT },
        { "union", TOK_UNION },   { "enum", TOK_ENUM },
    };

    return find(words, ARRAY_LEN(words), word);
}

bool lexer_is_reserved(struct str word)
{
    static const char *const words[] = { "args", "ctx", "kstack", "nsecs", "pid", "tid", "ustack" };
    size_t digits = 3;

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_eqz(word, words[i]))
            return true;
    }
    if (str_starts(word, STR("__builtin_")))
        return true;
    if (!str_starts(word, STR("arg")) || word.n == digits)
        return false;
    while (digits < word.n && isdigit((unsigned char)word.p[digits]))
        digits++;
    return digits == word.n;
}

bool lexer_is_type_word(struct str word)
{
    static const char *const words[] = {
        "bool",   "int8",   "int16",  "int32",  "int64", "uint8",     "uint16",
        "uint32", "uint64", "string", "buffer", "inet",  "timestamp", "void",
    };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_eqz(word, words[i]))
            return true;
    }
    return false;
}

void lexer_note_value(struct parser *p, struct str name)
{
    arena_vec_push(p->arena, &p->lexer->value_words, str_dup(p->arena, name));
}

bool lexer_is_noted_value(const struct lexer_state *s, struct str name)
{
    for (size_t i = 0; i < s->value_words.n; i++) {
        if (str_eq(s->value_words.v[i], name))
            return true;
    }
    return false;
}
