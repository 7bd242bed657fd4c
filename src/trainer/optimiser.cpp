#include "trainer/optimiser.hpp"

#include <cmath>

namespace euromesh::trainer {
namespace {

Status check_range(std::string_view field, double value, double least, double most) {
    if (value >= least && value <= most) return {};
    return fail(Code::bad_input, "optimiser {} = {}: use {} to {}", field, value, least, most);
}

Segment segment_of(const contract::TensorSpec& tensor, std::size_t begin, Method method) {
    Segment segment{.begin = begin, .count = tensor.size(), .decay = tensor.shape.size() >= 2};
    const bool inside_layers = tensor.name.find(".layers.") != std::string::npos;
    if (method == Method::muon && segment.decay && inside_layers) {
        segment.muon = true;
        segment.rows = static_cast<std::size_t>(tensor.shape[0]);
        segment.columns = static_cast<std::size_t>(tensor.shape[1]);
    }
    return segment;
}

bool alike(const Segment& a, const Segment& b) {
    return !a.muon && !b.muon && a.decay == b.decay;
}

}  // namespace

Status validate(const OptimiserConfig& config) {
    EM_TRY(validate(config.schedule));
    EM_TRY(check_range("beta1", config.beta1, 0, 0.99999));
    EM_TRY(check_range("beta2", config.beta2, 0, 0.99999));
    EM_TRY(check_range("epsilon", config.epsilon, 1e-30, 1));
    EM_TRY(check_range("weight_decay", config.weight_decay, 0, 10));
    EM_TRY(check_range("clip", config.clip, 0, 1e6));
    EM_TRY(check_range("muon_rate", config.muon_rate, 0, 10));
    return check_range("muon_momentum", config.muon_momentum, 0, 0.99999);
}

Result<Method> parse_method(std::string_view text) {
    if (text == "adamw") return Method::adamw;
    if (text == "muon") return Method::muon;
    return fail(Code::bad_input, "optimiser '{}': use adamw or muon", text.substr(0, 80));
}

std::vector<Segment> update_segments(const contract::Layout& layout, Method method) {
    std::vector<Segment> segments;
    std::size_t begin = 0;
    for (const contract::TensorSpec& tensor : layout) {
        const Segment segment = segment_of(tensor, begin, method);
        begin += segment.count;
        if (!segments.empty() && alike(segments.back(), segment)) {
            segments.back().count += segment.count;
        } else {
            segments.push_back(segment);
        }
    }
    return segments;
}

Update make_update(const OptimiserConfig& config, std::uint64_t steps_done, double gradient_norm) {
    const double share = rate_share(config.schedule, steps_done);
    const double step = static_cast<double>(steps_done) + 1;
    const bool clipped = config.clip > 0 && gradient_norm > config.clip;
    return {.scale = clipped ? static_cast<float>(config.clip / gradient_norm) : 1.0f,
            .rate = static_cast<float>(config.schedule.peak * share),
            .muon_rate = static_cast<float>(config.muon_rate * share),
            .first_correction = static_cast<float>(1 / (1 - std::pow(config.beta1, step))),
            .second_correction = static_cast<float>(1 / (1 - std::pow(config.beta2, step)))};
}

}  // namespace euromesh::trainer
