/* SPDX-License-Identifier: Apache-2.0 */
/* process.h - what the program does about descriptors, environment, signals and limits before
 * anything else. */
#ifndef CORE_CLI_PROCESS_H
#define CORE_CLI_PROCESS_H

#include <sys/types.h>

/* Makes sure that descriptors 0 to 2 are taken, that a hostile environment does no harm, that
 * SIGINT, SIGTERM and SIGHUP cancel what is running (a second one ends the process at once),
 * and that new files are private.  Before threads exist. */
void process_prepare(void);
/* The umask that the program was started with; its own keeps new files private. */
mode_t process_users_mask(void);

#endif
