/* A disk that fails when it is told to, and that remembers what it was really given.
 *
 * Preloaded into a program that keeps a SQLite store. For the two files of the store,
 * $DISK_STORE and $DISK_STORE-wal:
 *
 * - While the file $DISK_SWITCH exists and begins with "write N" or "sync N", writes or
 *   syncs fail with the error number N.
 * - $DISK_STORE.disk and $DISK_STORE-wal.disk hold what a power cut would leave: a write
 *   comes there with the next sync of its file. One that a failed sync was to bring there is
 *   lost for good, as on Linux, which then takes the page for clean.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct change {
    off_t at;
    size_t size;
    char *bytes; /* NULL: cut the file to `at` */
    struct change *next;
};

static struct change *first[2], **last[2] = {&first[0], &first[1]};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int), (*real_fdatasync)(int), (*real_ftruncate)(int, off_t);

__attribute__((constructor)) static void find_real_calls(void) {
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
}

/* 0: the database, 1: its log, -1: another file. */
static int place_of(int descriptor) {
    char link[64], path[4096];
    const char *store = getenv("DISK_STORE");
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0 || store == NULL) return -1;
    path[size] = 0;
    size_t n = strlen(store);
    if (strncmp(path, store, n) != 0) return -1;
    return path[n] == 0 ? 0 : strcmp(path + n, "-wal") == 0 ? 1 : -1;
}

static int fails(const char *what) {
    char said[16];
    int number;
    FILE *file = fopen(getenv("DISK_SWITCH"), "re");
    if (file == NULL) return 0;
    int found = fscanf(file, "%15s %d", said, &number);
    fclose(file);
    if (found != 2 || strcmp(said, what) != 0) return 0;
    errno = number;
    return 1;
}

static void remember(int place, off_t at, size_t size, const void *bytes) {
    struct change *new = calloc(1, sizeof *new);
    new->at = at;
    new->size = size;
    if (bytes != NULL) new->bytes = memcpy(malloc(size), bytes, size);
    *last[place] = new;
    last[place] = &new->next;
}

static void settle(int place, int is_lost) {
    char path[4096];
    snprintf(path, sizeof path, "%s%s.disk", getenv("DISK_STORE"), place ? "-wal" : "");
    int image = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    while (first[place] != NULL) {
        struct change *one = first[place];
        if (!is_lost && one->bytes == NULL) real_ftruncate(image, one->at);
        if (!is_lost && one->bytes != NULL) real_pwrite(image, one->bytes, one->size, one->at);
        first[place] = one->next;
        free(one->bytes);
        free(one);
    }
    last[place] = &first[place];
    close(image);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t size, off_t at) {
    int place = place_of(descriptor);
    if (place < 0) return real_pwrite(descriptor, bytes, size, at);
    if (fails("write")) return -1;
    pthread_mutex_lock(&lock);
    ssize_t written = real_pwrite(descriptor, bytes, size, at);
    if (written > 0) remember(place, at, written, bytes);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t at) {
    return pwrite64(descriptor, bytes, size, at);
}

int ftruncate64(int descriptor, off_t size) {
    int place = place_of(descriptor);
    int result = real_ftruncate(descriptor, size);
    if (place >= 0 && result == 0) {
        pthread_mutex_lock(&lock);
        remember(place, size, 0, NULL);
        pthread_mutex_unlock(&lock);
    }
    return result;
}

int ftruncate(int descriptor, off_t size) { return ftruncate64(descriptor, size); }

static int sync_with(int (*real)(int), int descriptor) {
    int place = place_of(descriptor);
    if (place < 0) return real(descriptor);
    pthread_mutex_lock(&lock);
    int failed = fails("sync");
    int number = errno;
    settle(place, failed);
    pthread_mutex_unlock(&lock);
    errno = number;
    return failed ? -1 : real(descriptor);
}

int fsync(int descriptor) { return sync_with(real_fsync, descriptor); }

int fdatasync(int descriptor) { return sync_with(real_fdatasync, descriptor); }
