#include <stdio.h>
#include <string.h>

#include "proxy/local/cmd_verify.h"

int main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "verify") == 0)
        return cmd_verify_main(argc - 1, argv + 1);
    (void)fprintf(stderr, "usage: veritee verify --help\n");
    return 2;
}
