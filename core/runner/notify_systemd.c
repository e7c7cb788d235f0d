/* SPDX-License-Identifier: Apache-2.0 */
/* notify_systemd.c - see notify_systemd.h. */
#include "runner/notify_systemd.h"

#include "base/text.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { STATE_SIZE = 512 };

/* The address of the manager's socket; false when there is none. */
static bool find_address(struct sockaddr_un *address, socklen_t *size)
{
    const char *path = secure_getenv("NOTIFY_SOCKET");
    size_t length = path != NULL ? strlen(path) : 0;

    if (length < 2 || length >= sizeof(address->sun_path) || (path[0] != '/' && path[0] != '@'))
        return false;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, length);
    if (path[0] == '@')
        address->sun_path[0] = '\0'; /* an abstract name */
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

void notify_systemd(const char *format, ...)
{
    struct sockaddr_un address;
    socklen_t size;
    char state[STATE_SIZE];
    va_list arguments;

    if (!find_address(&address, &size))
        return;
    va_start(arguments, format);
    int length = vsnprintf(state, sizeof(state), format, arguments);
    va_end(arguments);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (length > 0) {
        size_t bytes = (size_t)length < sizeof(state) ? (size_t)length : sizeof(state) - 1;
        (void)!sendto(fd, state, bytes, MSG_NOSIGNAL | MSG_DONTWAIT,
                      (const struct sockaddr *)&address, size);
    }
    close(fd);
}

int64_t notify_systemd_watchdog_ns(void)
{
    const char *text = secure_getenv("WATCHDOG_USEC");
    const char *pid = secure_getenv("WATCHDOG_PID");
    uint64_t usec = 0, meant = 0;

    if (text == NULL || text_parse_u64(text, &usec) != 0 || usec > (uint64_t)INT64_MAX / 1000)
        return 0;
    if (pid != NULL && (text_parse_u64(pid, &meant) != 0 || meant != (uint64_t)getpid()))
        return 0;
    return (int64_t)usec * 1000 / 2;
}

void notify_systemd_reloading(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    notify_systemd("RELOADING=1\nMONOTONIC_USEC=%lld",
                   (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}
