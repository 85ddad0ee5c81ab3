#include "tests/support/folder.h"

#include <dirent.h>
#include <limits.h>
#include <unistd.h>

#include "tests/support/check.h"

void folder_make(struct folder *f)
{
    (void)snprintf(f->path, sizeof(f->path), "/tmp/veritee-test-XXXXXX");
    assert_non_null(mkdtemp(f->path));
}

static bool is_self_or_parent(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void remove_tree(const char *path)
{
    DIR *d = opendir(path);

    if (d == NULL) {
        assert_int_equal(unlink(path), 0);
        return;
    }
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        char inside[PATH_MAX];

        if (is_self_or_parent(e->d_name))
            continue;
        (void)snprintf(inside, sizeof(inside), "%s/%s", path, e->d_name);
        remove_tree(inside);
    }
    (void)closedir(d);
    assert_int_equal(rmdir(path), 0);
}

void folder_remove(struct folder *f)
{
    remove_tree(f->path);
    f->path[0] = '\0';
}

size_t folder_count(const struct folder *f)
{
    DIR *d = opendir(f->path);
    size_t count = 0;

    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        count += is_self_or_parent(e->d_name) ? 0 : 1;
    (void)closedir(d);
    return count;
}
