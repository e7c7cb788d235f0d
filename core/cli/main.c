/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the program lagan. */
#include <config.h>

#include <stdio.h>

int main(void)
{
    puts(PACKAGE_STRING);
    return 0;
}
