#include "bench/forecast/load.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "base/random.hpp"

namespace euromesh::bench {
namespace {

constexpr std::array<std::int64_t, 6> limits{1, 2, 3, 4, 6, 8};

class Maker {
  public:
    explicit Maker(const LoadForm& form) : form_(form), random_(form.seed) {}

    LoadJob job(std::int64_t at_ms) {
        LoadJob made{.arrives_ms = at_ms, .nodes = nodes()};
        const auto many = static_cast<std::uint64_t>(std::count_if(
            limits.begin(), limits.end(), [&](auto limit) { return limit <= form_.limits_most; }));
        made.limit_ms = limits[random_.below(many)] * form_.limit_unit_ms;
        made.run_ms =
            std::max<std::int64_t>(1, static_cast<std::int64_t>(used() * static_cast<double>(made.limit_ms)));
        return made;
    }
    double mean_work() {
        double sum = 0;
        for (int i = 0; i < 4000; ++i) {
            const LoadJob drawn = job(0);
            sum += static_cast<double>(drawn.nodes) * static_cast<double>(drawn.run_ms);
        }
        return sum / 4000;
    }
    double uniform() { return random_.uniform(); }

  private:
    std::int64_t nodes() {
        const double drawn = std::exp(random_.uniform() * std::log(static_cast<double>(form_.largest) + 1));
        auto count = static_cast<std::uint64_t>(drawn);
        if (random_.below(4) != 0) count = std::bit_floor(count);
        return std::clamp<std::int64_t>(static_cast<std::int64_t>(count), 1, form_.largest);
    }
    double used() {
        const double kind = random_.uniform();
        if (kind < 0.1) return 0.02 + 0.08 * random_.uniform();
        if (kind < 0.2) return 0.97;
        return 0.05 + 0.9 * random_.uniform();
    }
    const LoadForm& form_;
    Random random_;
};

}  // namespace

std::vector<LoadJob> make_load(const LoadForm& form) {
    LoadForm sample = form;
    sample.seed = derive_seed(form.seed, 1);
    const double gap_ms = Maker(sample).mean_work() * 100 /
                          (static_cast<double>(form.nodes) * static_cast<double>(form.percent));
    Maker maker(form);
    std::vector<LoadJob> jobs;
    for (std::int64_t used = 0; form.fills && used * 100 < form.nodes * form.percent;) {
        jobs.push_back(maker.job(0));
        used += jobs.back().nodes;
        jobs.back().run_ms = std::max<std::int64_t>(
            1, static_cast<std::int64_t>(static_cast<double>(jobs.back().run_ms) * maker.uniform()));
    }
    for (double at = 0;;) {
        at -= std::log(1 - maker.uniform()) * gap_ms;
        if (at >= static_cast<double>(form.until_ms)) return jobs;
        jobs.push_back(maker.job(static_cast<std::int64_t>(at)));
    }
}

}  // namespace euromesh::bench
