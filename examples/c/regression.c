/* Two or more sites fit one line to data that each keeps for itself: the whole of euromesh_sync.h in use.
 *
 *   regression CONFIG.json SITE_NUMBER [STATE_FILE]
 *
 * Site n has points x in [n, n + 1), y = 2 x - 1 with noise: none of them alone sees the whole range. Prints the
 * line found and the digest of the outer state, which is the same at all sites. With STATE_FILE the outer state is
 * kept there at the end.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <euromesh_sync.h>

enum { rounds = 60, points = 64 };

static double noise(unsigned long long *state) {
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return (double)(*state >> 11) / 9007199254740992.0 - 0.5;
}

/* One step of gradient descent over this site's points. */
static void inner_step(float *w, const double *x, const double *y) {
    double slope = 0, offset = 0;
    for (int i = 0; i < points; ++i) {
        const double error = w[0] * x[i] + w[1] - y[i];
        slope += error * x[i] / points;
        offset += error / points;
    }
    w[0] -= (float)(0.05 * slope);
    w[1] -= (float)(0.05 * offset);
}

static char *read_file(const char *name) {
    FILE *file = fopen(name, "rb");
    if (file == NULL) return NULL;
    char *text = calloc(1, 65536);
    if (text != NULL && fread(text, 1, 65535, file) == 0) text[0] = '\0';
    fclose(file);
    return text;
}

static int failed(em_sync *sync, const char *what) {
    fprintf(stderr, "regression: %s: %s\n", what, em_sync_error(sync));
    em_sync_close(sync);
    return 1;
}

static int train(em_sync *sync, int site, const char *keep) {
    double x[points], y[points];
    unsigned long long seed = 7u + (unsigned)site;
    for (int i = 0; i < points; ++i) {
        x[i] = site + (i + 0.5) / points;
        y[i] = 2 * x[i] - 1 + 0.01 * noise(&seed);
    }
    float w[2] = {0, 0};
    em_sync_round at = {.size = sizeof at};
    if (em_sync_start(sync, w, 2, &at) != EM_SYNC_OK) return failed(sync, "start");
    while (at.round < rounds) {
        for (unsigned long long step = 0; step < at.inner_steps; ++step) inner_step(w, x, y);
        if (em_sync_contribute(sync, w, 2, at.inner_steps * points, at.inner_steps) != EM_SYNC_OK)
            return failed(sync, "contribute");
        if (em_sync_merge(sync, 0, w, 2, &at) != EM_SYNC_OK) return failed(sync, "merge");
    }
    if (keep != NULL && em_sync_save(sync, keep) != EM_SYNC_OK) return failed(sync, "save");
    if (em_sync_leave(sync) != EM_SYNC_OK) return failed(sync, "leave");
    printf("y = %.2f x %+.2f  %s\n", w[0], w[1], at.digest);
    em_sync_close(sync);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 3 || em_sync_abi() != EM_SYNC_ABI) {
        fprintf(stderr, "usage: regression CONFIG.json SITE_NUMBER [STATE_FILE]\n");
        return 2;
    }
    char *config = read_file(argv[1]);
    if (config == NULL) {
        fprintf(stderr, "regression: %s: no such file\n", argv[1]);
        return 3;
    }
    char error[512];
    em_sync *sync = NULL;
    const int opened = em_sync_open(config, &sync, error, sizeof error);
    free(config);
    if (opened != EM_SYNC_OK) {
        fprintf(stderr, "regression: %s\n", error);
        return opened;
    }
    return train(sync, atoi(argv[2]), argc > 3 ? argv[3] : NULL);
}
