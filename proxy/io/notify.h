/* proxy/io/notify.h: what the service manager is told.
 *
 * The protocol of sd_notify(3): one datagram with lines of KEY=value, sent to
 * the socket that the environment variable NOTIFY_SOCKET names. Without one
 * nobody listens, and nothing is sent. Best effort: a manager that does not
 * hear changes nothing here. */
#ifndef PROXY_IO_NOTIFY_H
#define PROXY_IO_NOTIFY_H

/* |state| is "READY=1", "STOPPING=1", "STATUS=..." or several of them, each on
 * a line. */
void notify_manager(const char *state);

/* "RELOADING=1", with the time by which the manager tells this from an earlier
 * one. "READY=1" ends it. */
void notify_reloading(void);

#endif
