// Training speed on one core, next to what the core can do.
//
//   bench_trainer [--quick]
//
// One line per configuration: tokens per second of whole training steps (gradient, clipping, update) in CPU
// time and in wall time, the FLOP rate that this is, and the rate of a large matrix product with the same
// kernels on the same core in the same run. The best of several repeats counts: others share the machine.
#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/os/system_clock.hpp"
#include "trainer/host_model.hpp"
#include "trainer/trainer.hpp"

using namespace euromesh;
using namespace euromesh::trainer;

namespace {

struct Case {
    const char* label;
    Device device;
    Method method;
    Precision precision;
    std::size_t rows;
    std::size_t context;
    std::size_t hidden;
};

Batch random_batch(std::size_t rows, std::size_t length) {
    Batch batch{.bytes = {}, .rows = rows, .length = length};
    Random random(1);
    for (std::size_t i = 0; i < rows * length; ++i)
        batch.bytes.push_back(static_cast<std::uint8_t>(random.below(96) + 32));
    return batch;
}

struct Time {
    double cpu = 1e30;
    double wall = 1e30;
};

template <class Work>
Time best_of(int repeats, Work work) {
    const os::SystemClock clock;
    Time best;
    for (int i = 0; i < repeats; ++i) {
        const Nanoseconds cpu = os::process_cpu_time(), wall = clock.monotonic();
        work();
        best.cpu = std::min(best.cpu, to_seconds(os::process_cpu_time() - cpu));
        best.wall = std::min(best.wall, to_seconds(clock.monotonic() - wall));
    }
    return best;
}

double product_flop_rate(const Kernels& kernels, int repeats) {
    constexpr std::size_t n = 768;
    AlignedFloats left(n * n), right(n * n), out(n * n), packed(kernels.packed_size(n, n));
    kernels.pack({.depth = n, .columns = n, .from = right.data(), .depth_stride = n}, packed.data());
    const Time time = best_of(repeats, [&] {
        kernels.multiply({.rows = n,
                          .columns = n,
                          .depth = n,
                          .left = left.data(),
                          .left_row = n,
                          .packed = packed.data(),
                          .out = out.data(),
                          .out_row = n});
    });
    return 2.0 * n * n * n / time.cpu;
}

int run_case(const Case& which, int repeats) {
    const ModelConfig model{.hidden = which.hidden, .context = which.context};
    OptimiserConfig optimiser{.method = which.method};
    auto trainer = Trainer::create(model, optimiser, 1, which.device, 1, which.precision);
    if (!trainer) return fmt::print("{}\n", trainer.error().message), 1;
    const Batch batch = random_batch(which.rows, which.context + 1);
    bool failed = false;
    const Time time = best_of(repeats, [&] { failed |= !trainer->step(batch); });
    const auto tokens = static_cast<double>(batch.tokens());
    fmt::print("{:<22} {:>7.2f} {:>5} {:>4} {:>12.0f} {:>12.0f} {:>9.1f}\n", which.label,
               static_cast<double>(trainer->parameter_count()) / 1e6, which.rows, which.context,
               tokens / time.cpu, tokens / time.wall,
               training_flop_per_token(model) * tokens / time.cpu / 1e9);
    return failed ? 1 : 0;
}

}  // namespace

int main(int count, char** arguments) {
    const bool quick = count > 1 && std::strcmp(arguments[1], "--quick") == 0;
    const int repeats = quick ? 3 : 40;
    const Kernels& kernels = *available_kernels().front();
    fmt::print("matrix product, {} kernels: {:.1f} GFLOP/s\n", kernels.name,
               product_flop_rate(kernels, repeats) / 1e9);
    fmt::print("{:<22} {:>7} {:>5} {:>4} {:>12} {:>12} {:>9}\n", "step", "Mparam", "rows", "T", "tok/s (cpu)",
               "tok/s (wall)", "GFLOP/s");
    int failures = 0;
    const std::vector<Case> cases{
        {"kernels fp32, AdamW", Device::cpu, Method::adamw, Precision::fp32, 32, 64, 344},
        {"kernels auto, AdamW", Device::cpu, Method::adamw, Precision::automatic, 32, 64, 344},
        {"kernels fp32, AdamW", Device::cpu, Method::adamw, Precision::fp32, 8, 64, 344},
        {"kernels auto, AdamW", Device::cpu, Method::adamw, Precision::automatic, 8, 64, 344},
        {"kernels fp32, AdamW", Device::cpu, Method::adamw, Precision::fp32, 16, 128, 344},
        {"kernels auto, AdamW", Device::cpu, Method::adamw, Precision::automatic, 16, 128, 344},
        {"kernels fp32, Muon", Device::cpu, Method::muon, Precision::fp32, 16, 64, 344},
        {"kernels auto, Muon", Device::cpu, Method::muon, Precision::automatic, 16, 64, 344},
        {"torch autograd, AdamW", Device::torch_cpu, Method::adamw, Precision::fp32, 32, 64, 344}};
    for (const Case& which : cases)
        failures += run_case(which, which.device == Device::cpu ? repeats : std::min(repeats, 8));
    return failures;
}
