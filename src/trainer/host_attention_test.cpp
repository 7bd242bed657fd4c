#include <doctest/doctest.h>

#include "trainer/host_model.hpp"

using namespace euromesh;
using namespace euromesh::trainer;

namespace {

const ModelConfig config{.vocab = 256, .dim = 40, .layers = 2, .heads = 2, .hidden = 24, .context = 50};

std::vector<float> scores(HostModel& model, const std::vector<float>& parameters,
                          std::span<const std::uint8_t> tokens) {
    std::vector<float> out(config.vocab);
    model.next_scores(tokens, parameters.data(), out);
    return out;
}

std::vector<float> parameters() {
    std::vector<float> values(contract::value_count(model_layout(config)));
    initial_parameters(config, 3, values);
    for (float& value : values) value = value == 1.0f ? 1.0f : value * 8;
    return values;
}

Batch window(std::span<const std::uint8_t> bytes) {
    return {.bytes = {bytes.begin(), bytes.end()}, .rows = 1, .length = bytes.size()};
}

}  // namespace

// The total loss of a window, token by token, must be what each prefix alone predicts.
TEST_CASE("no position sees what follows it") {
    HostModel model(config, *available_kernels().front(), false);
    const std::vector<float> values = parameters();
    std::vector<std::uint8_t> text;
    for (int i = 0; i < 51; ++i) text.push_back(static_cast<std::uint8_t>(i * 37));
    const std::span<const std::uint8_t> all(text);
    double before = 0;
    for (std::size_t length = 2; length <= 51; length += 7) {
        const double total =
            model.loss(window(all.first(length)), values.data()) * static_cast<double>(length - 1);
        std::vector<std::uint8_t> changed(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length));
        changed.back() = static_cast<std::uint8_t>(changed.back() + 1);
        const double other = model.loss(window(changed), values.data()) * static_cast<double>(length - 1);
        std::vector<float> last = scores(model, values, all.first(length - 1));
        const float gap = last[text[length - 1]] - last[changed.back()];
        CHECK(other - total == doctest::Approx(double{gap}).epsilon(1e-3));
        CHECK(total > before);
        before = total;
    }
}

TEST_CASE("attention depends on order and on distance") {
    HostModel model(config, *available_kernels().front(), false);
    const std::vector<float> values = parameters();
    const std::vector<std::uint8_t> ab{1, 2, 3, 9}, ba{2, 1, 3, 9};
    CHECK(scores(model, values, ab) != scores(model, values, ba));
    CHECK(scores(model, values, ab) == scores(model, values, ab));
}
