#include "verifier/snp_tcb.h"

#include <assert.h>
#include <stdio.h>

#include "common/cursor.h"

/*             0           1           2         3       4    5    6        7
 *  Milan  bootloader     tee          0         0       0    0   snp  microcode
 *  Turin     fmc     bootloader      tee       snp      0    0    0   microcode
 *
 * Genoa's are as Milan's. */
static struct slice read_milan(struct cursor *c, struct snp_tcb *out)
{
    struct slice reserved;

    out->bootloader = cursor_u8(c);
    out->tee = cursor_u8(c);
    reserved = cursor_take(c, 4);
    out->snp = cursor_u8(c);
    return reserved;
}

static struct slice read_turin(struct cursor *c, struct snp_tcb *out)
{
    out->fmc = cursor_u8(c);
    out->bootloader = cursor_u8(c);
    out->tee = cursor_u8(c);
    out->snp = cursor_u8(c);
    return cursor_take(c, 3);
}

bool snp_tcb_read(enum snp_product product, const uint8_t bytes[SNP_TCB_BYTES],
                  struct snp_tcb *out)
{
    struct cursor c = cursor_over(slice_of(bytes, SNP_TCB_BYTES));
    struct snp_tcb tcb = { 0 };
    struct slice reserved;

    assert(product != SNP_NO_PRODUCT);
    *out = tcb;
    reserved =
        product == SNP_TURIN ? read_turin(&c, &tcb) : read_milan(&c, &tcb);
    tcb.microcode = cursor_u8(&c);
    if (!cursor_finish(&c) || !slice_is_zero(reserved))
        return false;
    *out = tcb;
    return true;
}

bool snp_tcb_covers(const struct snp_tcb *tcb, const struct snp_tcb *floor)
{
    return tcb->fmc >= floor->fmc && tcb->bootloader >= floor->bootloader &&
           tcb->tee >= floor->tee && tcb->snp >= floor->snp &&
           tcb->microcode >= floor->microcode;
}

bool snp_tcb_equal(const struct snp_tcb *a, const struct snp_tcb *b)
{
    return snp_tcb_covers(a, b) && snp_tcb_covers(b, a);
}

void snp_tcb_text(const struct snp_tcb *tcb, char out[SNP_TCB_TEXT_ROOM])
{
    /* Always fits. */
    (void)snprintf(out, SNP_TCB_TEXT_ROOM,
                   "bootloader %u, tee %u, snp %u, microcode %u, fmc %u",
                   tcb->bootloader, tcb->tee, tcb->snp, tcb->microcode,
                   tcb->fmc);
}
