/* EuroMesh's sync core for any program: train one model with other sites, from C or whatever calls C.
 *
 * Your program keeps its parameters as fp32 values one after another in host memory, does its inner steps as
 * it likes, and every few steps gives them here and takes what came of it:
 *
 *     em_sync *sync;
 *     em_sync_open(config, &sync, error, sizeof error);
 *     em_sync_start(sync, weights, count, &at);            the run's outer parameters are in `weights` after it
 *     while (at.round < rounds) {
 *         ... at.inner_steps inner steps on `weights` ...
 *         em_sync_contribute(sync, weights, count, tokens, steps);
 *         ... a few more steps, to overlap with the exchange, or none ...
 *         em_sync_merge(sync, alpha, weights, count, &at);
 *     }
 *     em_sync_leave(sync);
 *     em_sync_close(sync);
 *
 * Configuration: one JSON document, docs/c-abi.md names every key.
 *
 * Errors: every function returns EM_SYNC_OK or one of the codes below; em_sync_error() then says in one line
 * what is wrong. A failed call has changed nothing unless stated. No exception and no signal leaves the library.
 * Threads: all calls for one em_sync from one thread, except em_sync_cancel(), which is safe from any thread
 * (not from a signal handler). Several em_sync in one process are independent.
 * Memory: buffers are the caller's, read and written only during the call. Strings that are returned live until
 * the next call with the same em_sync.
 * Version: EM_SYNC_ABI rises when a program compiled before cannot go on; compare it with em_sync_abi().
 */
#ifndef EUROMESH_SYNC_H
#define EUROMESH_SYNC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EM_SYNC_ABI 1

#if defined(__GNUC__)
#define EM_SYNC_API __attribute__((visibility("default")))
#else
#define EM_SYNC_API
#endif

typedef struct em_sync em_sync;

/* The exit codes of the program `euromesh` are the same numbers. */
enum {
    EM_SYNC_OK = 0,
    EM_SYNC_BAD_INPUT = 2,   /* an argument, the configuration, or values that are not finite */
    EM_SYNC_NOT_FOUND = 3,   /* a file or host that is named does not exist */
    EM_SYNC_CONFLICT = 4,    /* the port is taken; calls in an order that makes no sense */
    EM_SYNC_REFUSED = 5,     /* credentials, or another run */
    EM_SYNC_UNAVAILABLE = 6, /* the other sites did not come in time */
    EM_SYNC_NO_SPACE = 7,    /* a disk is full */
    EM_SYNC_CORRUPTED = 8,   /* a file or what a peer sent is not what it should be */
    EM_SYNC_INTERNAL = 70,   /* a fault of ours; please report */
    EM_SYNC_CANCELLED = 130  /* em_sync_cancel() */
};

/* Where the run is. Only added to at its end; `size` is set by the caller to sizeof(em_sync_round). */
typedef struct em_sync_round {
    size_t size;
    uint64_t round;          /* for which to train now */
    uint64_t inner_steps;    /* to do before the next contribution */
    int32_t joined;          /* start: the state was taken from a peer */
    int32_t contributed;     /* merge: the last round counted what this site gave */
    uint64_t members;        /* sites in the run now */
    double wait_seconds;     /* spent waiting in contribute and merge */
    double reduce_seconds;   /* of the exchange itself */
    uint64_t sent_bytes;     /* to sockets since the merge before, TLS and framing included */
    uint64_t received_bytes;
    char digest[33];         /* of the outer state: equal at all sites at the same round */
} em_sync_round;

/* EM_SYNC_ABI of the library that is loaded. */
EM_SYNC_API int em_sync_abi(void);

/* Reads the configuration, opens the port. On failure *out is NULL and `error` (may be NULL) holds the reason. */
EM_SYNC_API int em_sync_open(const char *config_json, em_sync **out, char *error, size_t error_size);

/* Once. Waits for the other sites, or joins a run that is under way. `values`: the initial parameters, the same
 * at all sites; overwritten with the outer parameters to train from. With "resume" in the configuration the
 * state of that file is used in their place. */
EM_SYNC_API int em_sync_start(em_sync *sync, float *values, size_t count, em_sync_round *at);

/* Gives this site's parameters after `steps` inner steps on `tokens` tokens, both above 0. Does not wait for
 * others, except for an earlier contribution of the same fragment that is still late. */
EM_SYNC_API int em_sync_contribute(em_sync *sync, const float *values, size_t count, uint64_t tokens,
                                   uint64_t steps);

/* *ready: em_sync_merge() would not wait. *due: a quorum of others waits; what is contributed now is in time.
 * Either may be NULL. Cheap. */
EM_SYNC_API int em_sync_poll(em_sync *sync, int *ready, int *due);

/* Waits for the round to be committed and brings its result into `values`, of the fragments that have changed.
 * With "merge": "rebase", the default: outer + what the steps since the contribution have changed; alpha is not
 * used. With "mix": alpha * values + (1 - alpha) * outer. */
EM_SYNC_API int em_sync_merge(em_sync *sync, double alpha, float *values, size_t count, em_sync_round *at);

/* Copies the outer parameters: evaluate these, not a site's own. */
EM_SYNC_API int em_sync_outer(em_sync *sync, float *values, size_t count);

/* Writes the outer state and the position to a file, for "resume": atomically, any site's will do. */
EM_SYNC_API int em_sync_save(em_sync *sync, const char *file);

/* Ends the session in order: the others go on at once. */
EM_SYNC_API int em_sync_leave(em_sync *sync);

/* Makes a call that waits in another thread, and all later ones, return EM_SYNC_CANCELLED. */
EM_SYNC_API void em_sync_cancel(em_sync *sync);

/* What the last failed call with this em_sync complained about, in one line. */
EM_SYNC_API const char *em_sync_error(const em_sync *sync);

/* Frees everything. Without em_sync_leave() before, the others see this site die. NULL is ignored. */
EM_SYNC_API void em_sync_close(em_sync *sync);

#ifdef __cplusplus
}
#endif
#endif
