#include "tests/support/tls_files.h"

#include <spawn.h>
#include <sys/wait.h>

#include "tests/support/check.h"
#include "tests/support/child.h"

extern char **environ;

static const char script[] =
    "set -e; cd \"$1\"; exec >log 2>&1\n"
    "new_key() {\n"
    "    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"
    " -out \"$1\"\n"
    "}\n"
    "new_ca() {\n"
    "    new_key \"$1.key\"\n"
    "    openssl req -x509 -new -key \"$1.key\" -subj \"/CN=$1\" -days 30"
    " -addext keyUsage=critical,keyCertSign -out \"$1.pem\"\n"
    "}\n"
    "new_cert() { # name, extensions\n"
    "    openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -days 30"
    " -extfile \"$2\" -out \"$1\"\n"
    "}\n"
    /* openssl x509 takes no dates in 3.0, no end before its start in 3.5 */
    "new_old_cert() { # name, extensions\n"
    "    printf '%s\\n' '[ca]' default_ca=ca database=index serial=serial"
    " new_certs_dir=. default_md=sha256 policy=subject"
    " '[subject]' commonName=supplied >ca.conf\n"
    "    : >index; echo 01 >serial\n"
    "    openssl ca -batch -config ca.conf -cert ca.pem -keyfile ca.key"
    " -in csr -extfile \"$2\" -startdate 20200101000000Z"
    " -enddate 20200131000000Z -notext -out \"$1\"\n"
    "}\n"
    "new_ca ca; new_ca other-ca; new_key key.pem; new_key other-key.pem\n"
    "openssl req -new -key key.pem -subj /CN=localhost -out csr\n"
    "echo subjectAltName=DNS:localhost,DNS:*.wild.example,"
    "IP:127.0.0.1,IP:::1 >names\n"
    "echo extendedKeyUsage=serverAuth >no-names\n"
    "new_cert good.pem names\n"
    "new_old_cert expired.pem names\n"
    "new_cert no-name.pem no-names\n"
    "openssl req -x509 -new -key key.pem -subj /CN=localhost -days 30"
    " -addext subjectAltName=DNS:localhost -out self.pem\n";

bool tls_files_make(struct tls_files *f)
{
    const char *const argv[] = { "/bin/sh",   "-c",           script,
                                 "tls_files", f->folder.path, NULL };
    pid_t pid;
    int status;

    if (!child_is_there(TLS_FILES_PROGRAM)) {
        print_message("skipped: no %s here\n", TLS_FILES_PROGRAM);
        return false;
    }
    folder_make(&f->folder);
    assert_int_equal(posix_spawn(&pid, argv[0], NULL, NULL, (char *const *)argv,
                                 environ),
                     0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    return true;
}

const char *tls_files_path(struct tls_files *f, const char *name)
{
    (void)snprintf(f->path, sizeof(f->path), "%s/%s", f->folder.path, name);
    return f->path;
}

enum status tls_files_server(struct tls_files *f, const char *chain,
                             struct tls_context **out)
{
    char path[sizeof(f->path)];
    struct why why;

    (void)snprintf(path, sizeof(path), "%s", tls_files_path(f, chain));
    return tls_context_server(path, tls_files_path(f, "key.pem"), out, &why);
}

void tls_files_remove(struct tls_files *f)
{
    folder_remove(&f->folder);
}
