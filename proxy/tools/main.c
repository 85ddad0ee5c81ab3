/* veritee: argv to command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/secret.h"
#include "proxy/tools/commands.h"
#include "proxy/tunnel/aead.h"

int main(int argc, char **argv)
{
    if (!secret_init()) {
        (void)fputs("veritee: the system gives no random bytes\n", stderr);
        return EXIT_FAILURE;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        return printf("veritee " VERITEE_VERSION "\nAES-GCM: %s\n",
                      aead_aes_maker()) < 0;
    return commands_run(argc, argv);
}
