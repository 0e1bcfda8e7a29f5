/* The load client of the bench: sends MLLP messages or HTTP requests, checks every answer, prints one JSON line.
 *
 * It is written in C because a client in Python would be slower than some of the servers it is to measure.
 * Closed loop (no --rate): each connection keeps --depth messages outstanding and sends the next when one is
 * answered. Open loop (--rate): messages fall due on a fixed schedule, and the time of each counts from the
 * moment it was due, so that a stall of the server is not hidden by a client that waits for it.
 *
 * The template file holds @ID@ wherever the message's own 20 characters go: --prefix (8) and a number (12).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { ID = 20, PREFIX = 8, SLOTS = 16, INPUT = 1 << 16 };

struct owed { uint64_t number; double since; };
struct link {
    int fd, queued, head, outstanding;
    size_t out_at, out_end, in_end;
    char *out, *in;
    struct owed *owed; /* a ring of --depth messages in the order they were sent */
};
struct answered { uint64_t number; double since, at; };

static const char *mode = "mllp", *template, *prefix = "BENCH000", *log_path, *path = "/", *header;
static int port, connections = 1, depth = 1;
static double seconds = 2, warm = 0.5, rate, drain = 15; /* drain: how long the last answers may take */

static char *wire; /* one whole message as it is sent */
static size_t wire_size, slots[SLOTS];
static int slot_count, poller, timer;
static struct link *links;
static struct answered *kept; /* every good answer */
static size_t kept_count, kept_room;
static double *late; /* open loop: how much after its moment each message left */
static uint64_t sent, due_next, wrong, disordered;
static double begun, until;
static char fault[240];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *words) {
    perror(words);
    exit(2);
}

/* Remember the first fault in words; later ones are only counted. */
static void note(const char *format, ...) {
    va_list rest;
    wrong++;
    if (*fault) return;
    va_start(rest, format);
    vsnprintf(fault, sizeof fault, format, rest);
    va_end(rest);
    for (char *c = fault; *c; c++)
        if (*c < ' ' || *c == '"' || *c == '\\') *c = ' ';
}

static char *read_file(const char *name, size_t *size) {
    FILE *file = fopen(name, "rb");
    if (!file) die(name);
    char *text = calloc(1, 1 << 20);
    *size = fread(text, 1, (1 << 20) - 1, file);
    fclose(file);
    return text;
}

/* Copy the template to the wire, with room for an id wherever @ID@ stands. */
static size_t widen(char *to, const char *from, size_t size, size_t offset, int keep) {
    size_t length = 0;
    for (size_t at = 0; at < size;) {
        if (size - at >= 4 && !memcmp(from + at, "@ID@", 4)) {
            if (keep && slot_count < SLOTS) slots[slot_count++] = offset + length;
            length += ID, at += 4;
        } else {
            if (keep) to[length] = from[at];
            length++, at++;
        }
    }
    return length;
}

static void make_wire(void) {
    size_t size, head = 0;
    char *text = read_file(template, &size);
    int http = !strcmp(mode, "http");
    wire = calloc(1, size * 4 + 4096);
    if (http)
        head = sprintf(wire, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/fhir+json\r\n"
                       "%s%sContent-Length: %zu\r\n\r\n", path, port, header ? header : "", header ? "\r\n" : "",
                       widen(NULL, text, size, 0, 0));
    else
        wire[head++] = 0x0b;
    wire_size = head + widen(wire + head, text, size, head, 1);
    if (!http) wire[wire_size++] = 0x1c, wire[wire_size++] = 0x0d;
    free(text);
}

static void watch(struct link *l) {
    struct epoll_event event = {.events = EPOLLIN | (l->out_at < l->out_end ? EPOLLOUT : 0), .data.ptr = l};
    epoll_ctl(poller, EPOLL_CTL_MOD, l->fd, &event);
}

static void flush(struct link *l) {
    int waited = l->queued;
    while (l->out_at < l->out_end) {
        ssize_t n = write(l->fd, l->out + l->out_at, l->out_end - l->out_at);
        if (n < 0 && errno == EAGAIN) break;
        if (n < 0) { note("the server closed a connection"); l->out_at = l->out_end; break; }
        l->out_at += n;
    }
    l->queued = l->out_at < l->out_end;
    if (!l->queued) l->out_at = l->out_end = 0;
    if (l->queued != waited) watch(l);
}

static void send_one(struct link *l, double since) {
    char id[ID + 1];
    if (l->out_at) {
        memmove(l->out, l->out + l->out_at, l->out_end - l->out_at);
        l->out_end -= l->out_at, l->out_at = 0;
    }
    char *to = l->out + l->out_end;
    snprintf(id, sizeof id, "%.8s%012llu", prefix, (unsigned long long)sent);
    memcpy(to, wire, wire_size);
    for (int i = 0; i < slot_count; i++) memcpy(to + slots[i], id, ID);
    l->out_end += wire_size;
    l->owed[(l->head + l->outstanding++) % depth] = (struct owed){sent++, since};
    flush(l);
}

static void keep(struct owed owed) {
    if (kept_count == kept_room) {
        kept_room = kept_room ? kept_room * 2 : 1 << 16;
        kept = realloc(kept, kept_room * sizeof *kept);
    }
    kept[kept_count++] = (struct answered){owed.number, owed.since, now()};
}

/* One answer naming message `number`: it must be the oldest that this connection waits for. */
static void settle(struct link *l, uint64_t number, int good, const char *words, int length) {
    int at = 0;
    while (at < l->outstanding && l->owed[(l->head + at) % depth].number != number) at++;
    if (at == l->outstanding) { note("an answer to no outstanding message: %.*s", length, words); return; }
    if (at) disordered++;
    struct owed owed = l->owed[(l->head + at) % depth];
    for (; at > 0; at--) l->owed[(l->head + at) % depth] = l->owed[(l->head + at - 1) % depth];
    l->head = (l->head + 1) % depth, l->outstanding--;
    if (good) keep(owed);
    else note("not accepted: %.*s", length, words);
}

static uint64_t number_of(const char *id, size_t length) {
    char digits[ID - PREFIX + 1] = {0};
    if (length != ID || memcmp(id, prefix, PREFIX)) return UINT64_MAX;
    memcpy(digits, id + PREFIX, ID - PREFIX);
    return strtoull(digits, NULL, 10);
}

/* Bytes used by the first MLLP frame; 0: not whole yet; -1: no MLLP. */
static long take_mllp(struct link *l) {
    if (l->in[0] != 0x0b) { note("an answer without its start byte: %.60s", l->in); return -1; }
    char *end = memchr(l->in, 0x1c, l->in_end);
    if (!end || end + 1 == l->in + l->in_end) return 0;
    if (end[1] != 0x0d) { note("an answer without its last byte"); return -1; }
    *end = 0;
    char *said = strstr(l->in + 1, "\rMSA|");
    if (strncmp(l->in + 1, "MSH|", 4) || !said) { note("an answer that is no ACK: %.80s", l->in); return -1; }
    size_t length = strlen(said) > 8 ? strcspn(said + 8, "|\r") : 0;
    int good = !strncmp(said + 5, "AA|", 3) || !strncmp(said + 5, "CA|", 3);
    settle(l, number_of(said + 8, length), good, said + 1, 120);
    return end + 2 - l->in;
}

/* The same for an HTTP response; one that is not 201 with a Location is wrong. */
static long take_http(struct link *l) {
    char *body = strstr(l->in, "\r\n\r\n");
    if (!body) return 0;
    char *length = strcasestr(l->in, "\r\ncontent-length:");
    char *place = strcasestr(l->in, "\r\nlocation:");
    if (!length || length > body) { note("a response without Content-Length: %.120s", l->in); return -1; }
    long size = body + 4 - l->in + strtol(length + 17, NULL, 10);
    if ((size_t)size > l->in_end) return 0;
    int good = !strncmp(l->in, "HTTP/1.1 201", 12) && place && place < body;
    settle(l, l->owed[l->head].number, good, l->in, 160);
    return size;
}

static void read_answers(struct link *l) {
    ssize_t n = read(l->fd, l->in + l->in_end, INPUT - 1 - l->in_end);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        if (l->outstanding) note("the server closed a connection that waited for an answer");
        epoll_ctl(poller, EPOLL_CTL_DEL, l->fd, NULL);
        return;
    }
    l->in_end += n;
    while (l->in_end) {
        l->in[l->in_end] = 0;
        long used = *mode == 'h' ? take_http(l) : take_mllp(l);
        if (used < 0) { epoll_ctl(poller, EPOLL_CTL_DEL, l->fd, NULL); return; }
        if (!used) break;
        memmove(l->in, l->in + used, l->in_end - used);
        l->in_end -= used;
    }
}

static void refill(struct link *l) {
    while (l->outstanding < depth && now() < until) send_one(l, now());
}

/* Send what is due on whichever connection is free; the moment it was due stays what counts. */
static void send_due(void) {
    uint64_t all = rate * (warm + seconds);
    static int turn;
    for (; due_next < all && begun + due_next / rate <= now(); due_next++) {
        int tried = 0;
        while (tried < connections && links[turn % connections].outstanding == depth) turn++, tried++;
        if (tried == connections) return;
        double due = begun + due_next / rate;
        late[due_next] = now() - due;
        send_one(&links[turn++ % connections], due);
    }
    double next = begun + due_next / rate;
    struct itimerspec when = {.it_value = {next, (next - (time_t)next) * 1e9}};
    if (due_next < all) timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void open_link(struct link *l) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(l->fd, (struct sockaddr *)&to, sizeof to)) die("connect");
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(l->fd, F_SETFL, O_NONBLOCK);
    l->out = malloc(wire_size * depth), l->in = malloc(INPUT), l->owed = calloc(depth, sizeof *l->owed);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = l};
    epoll_ctl(poller, EPOLL_CTL_ADD, l->fd, &event);
}

static int all_answered(void) {
    for (int i = 0; i < connections; i++)
        if (links[i].outstanding) return 0;
    return !rate || due_next >= (uint64_t)(rate * (warm + seconds));
}

static void load(void) {
    struct epoll_event events[256];
    begun = now(), until = begun + warm + seconds;
    if (rate) send_due();
    else for (int i = 0; i < connections; i++) refill(&links[i]);
    while (!(now() >= until && all_answered()) && now() < until + drain) {
        int n = epoll_wait(poller, events, 256, 100);
        for (int i = 0; i < n; i++) {
            struct link *l = events[i].data.ptr;
            uint64_t ticks;
            if (!l) { if (read(timer, &ticks, sizeof ticks) < 0) continue; }
            else {
                if (events[i].events & EPOLLOUT) flush(l);
                if (events[i].events & ~EPOLLOUT) read_answers(l);
                if (!rate) refill(l);
            }
        }
        if (rate) send_due();
    }
}

static int by_size(const void *a, const void *b) {
    double x = *(double *)a, y = *(double *)b;
    return (x > y) - (x < y);
}

static double share(double *sorted, size_t count, double part) {
    return count ? 1000 * sorted[(size_t)(part * (count - 1) + 0.5)] : 0;
}

/* What counts: in closed loop the answers that came in the window, in open loop the messages due in it. */
static void report(void) {
    double *times = malloc((kept_count + 1) * sizeof *times);
    size_t count = 0, owed = 0;
    for (size_t i = 0; i < kept_count; i++) {
        double at = rate ? kept[i].since : kept[i].at;
        if (at >= begun + warm && at < until) times[count++] = kept[i].at - kept[i].since;
    }
    for (int i = 0; i < connections; i++) owed += links[i].outstanding;
    qsort(times, count, sizeof *times, by_size);
    size_t skip = rate * warm, scheduled = due_next > skip ? due_next - skip : 0;
    if (rate) qsort(late + skip, scheduled, sizeof *late, by_size);
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double cpu = used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    printf("{\"rate\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, \"counted\": %zu, \"sent\": %llu, "
           "\"acknowledged\": %zu, \"lost\": %zu, \"wrong\": %llu, \"out_of_order\": %llu, \"sent_late_p99_ms\": %.3f, "
           "\"client_cpu\": %.3f, \"bytes\": %zu, \"fault\": \"%s\"}\n",
           count / seconds, share(times, count, .5), share(times, count, .99), share(times, count, 1), count,
           (unsigned long long)sent, kept_count, owed, (unsigned long long)wrong, (unsigned long long)disordered,
           rate ? share(late + skip, scheduled, .99) : 0, cpu / (now() - begun), wire_size, fault);
}

/* For each answered message: its id, when it was sent or due, when it was answered (seconds since 1970). */
static void write_log(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    double shift = t.tv_sec + t.tv_nsec / 1e9 - now();
    FILE *file = fopen(log_path, "w");
    if (!file) die(log_path);
    for (size_t i = 0; i < kept_count; i++)
        fprintf(file, "%.8s%012llu %.6f %.6f %d\n", prefix, (unsigned long long)kept[i].number,
                kept[i].since + shift, kept[i].at + shift, kept[i].since >= begun + warm);
    fclose(file);
}

int main(int argc, char **argv) {
    static struct option names[] = {
        {"mode", 1, 0, 'm'}, {"port", 1, 0, 'p'}, {"template", 1, 0, 't'}, {"prefix", 1, 0, 'x'},
        {"connections", 1, 0, 'c'}, {"depth", 1, 0, 'd'}, {"seconds", 1, 0, 's'}, {"warm", 1, 0, 'w'},
        {"rate", 1, 0, 'r'}, {"log", 1, 0, 'l'}, {"path", 1, 0, 'u'}, {"header", 1, 0, 'h'}, {"drain", 1, 0, 'a'}, {0}};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (c) {
        case 'm': mode = optarg; break;
        case 'p': port = atoi(optarg); break;
        case 't': template = optarg; break;
        case 'x': prefix = optarg; break;
        case 'c': connections = atoi(optarg); break;
        case 'd': depth = atoi(optarg); break;
        case 's': seconds = atof(optarg); break;
        case 'w': warm = atof(optarg); break;
        case 'r': rate = atof(optarg); break;
        case 'l': log_path = optarg; break;
        case 'u': path = optarg; break;
        case 'h': header = optarg; break;
        case 'a': drain = atof(optarg); break;
        default: return 2;
    }
    if (!template || !port || strlen(prefix) != PREFIX) { fputs("--template, --port, --prefix of 8\n", stderr); return 2; }
    make_wire();
    poller = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poller, EPOLL_CTL_ADD, timer, &event);
    late = calloc(rate * (warm + seconds) + 1, sizeof *late);
    links = calloc(connections, sizeof *links);
    for (int i = 0; i < connections; i++) open_link(&links[i]);
    load();
    report();
    if (log_path) write_log();
    return 0;
}
