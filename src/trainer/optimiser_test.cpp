#include "trainer/optimiser.hpp"

#include <doctest/doctest.h>

#include "trainer/model.hpp"

using namespace euromesh;
using namespace euromesh::trainer;

namespace {

const ModelConfig tiny{.vocab = 256, .dim = 32, .layers = 2, .heads = 2, .hidden = 48, .context = 16};

std::size_t covered(const std::vector<Segment>& segments) {
    std::size_t at = 0;
    for (const Segment& segment : segments) {
        CHECK(segment.begin == at);
        at += segment.count;
    }
    return at;
}

}  // namespace

TEST_CASE("AdamW's segments cover everything; norms have no decay") {
    const contract::Layout layout = model_layout(tiny);
    const std::vector<Segment> segments = update_segments(layout, Method::adamw);
    CHECK(covered(segments) == contract::value_count(layout));
    REQUIRE(segments.size() == 4);  // embedding and layer 0, its norms, layer 1, its norms and the last one
    CHECK(segments[0].decay);
    CHECK_FALSE(segments[1].decay);
    CHECK(segments[1].count == 64);
    CHECK(segments[3].count == 96);
}

TEST_CASE("Muon takes each matrix inside the layers and nothing else") {
    const contract::Layout layout = model_layout(tiny);
    const std::vector<Segment> segments = update_segments(layout, Method::muon);
    CHECK(covered(segments) == contract::value_count(layout));
    std::size_t matrices = 0;
    for (const Segment& segment : segments) {
        matrices += segment.muon;
        if (segment.muon) CHECK(segment.rows * segment.columns == segment.count);
    }
    CHECK(matrices == 2 * 7);
    CHECK_FALSE(segments.front().muon);
    CHECK(segments.front().count == 256 * 32);
}

TEST_CASE("an update clips to the norm and corrects the first moments fully") {
    OptimiserConfig config;
    config.schedule = {.decay = Decay::constant, .peak = 0.5, .warmup = 0};
    const Update first = make_update(config, 0, 4.0);
    CHECK(first.scale == doctest::Approx(0.25));
    CHECK(first.rate == doctest::Approx(0.5));
    CHECK(first.first_correction == doctest::Approx(10));
    CHECK(first.second_correction == doctest::Approx(20));
    CHECK(make_update(config, 1000, 0.5).scale == 1.0f);
    CHECK(make_update(config, 1000, 0.5).first_correction == doctest::Approx(1));
    config.clip = 0;
    CHECK(make_update(config, 0, 4.0).scale == 1.0f);
}

TEST_CASE("impossible optimisers are refused with the field's name") {
    CHECK(validate(OptimiserConfig{}));
    CHECK(validate(OptimiserConfig{.beta1 = 1}).error().message.find("beta1 = 1") != std::string::npos);
    CHECK(validate(OptimiserConfig{.epsilon = 0}).error().message.find("epsilon") != std::string::npos);
    CHECK(validate(OptimiserConfig{.clip = -1}).error().message.find("clip") != std::string::npos);
    CHECK(parse_method("muon").value() == Method::muon);
    CHECK_FALSE(parse_method("sgd"));
}
