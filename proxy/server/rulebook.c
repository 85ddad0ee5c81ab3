#include "proxy/server/rulebook.h"

enum status rulebook_read(const struct rulebook *book, struct rules **out,
                          struct why *why)
{
    enum status st = rules_copy(book->fixed, out);

    if (st != STATUS_OK)
        return why_fail(why, st, "rules", NULL, "out of memory");
    for (size_t i = 0; i < book->file_count && st == STATUS_OK; i++)
        st = rules_add_file(*out, book->files[i], why);
    if (st == STATUS_OK)
        return STATUS_OK;
    rules_let_go(*out);
    *out = NULL;
    return st;
}
