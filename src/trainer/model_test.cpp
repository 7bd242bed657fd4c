#include "trainer/model.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "base/hash.hpp"

using namespace euromesh;
using namespace euromesh::trainer;

namespace {

ModelConfig tiny() {
    return {.vocab = 256, .dim = 32, .layers = 2, .heads = 2, .hidden = 48, .context = 16};
}

double deviation(std::span<const float> values) {
    double sum = 0, squares = 0;
    for (float value : values) sum += value, squares += double{value} * double{value};
    const auto count = static_cast<double>(values.size());
    return std::sqrt(squares / count - sum * sum / count / count);
}

}  // namespace

TEST_CASE("the layout has Llama's names and shapes") {
    const contract::Layout layout = model_layout(tiny());
    REQUIRE(layout.size() == 1 + 2 * 9 + 1);
    CHECK(layout[0] == contract::TensorSpec{"model.embed_tokens.weight", {256, 32}});
    CHECK(layout[1].name == "model.layers.0.self_attn.q_proj.weight");
    CHECK(layout[5] == contract::TensorSpec{"model.layers.0.mlp.gate_proj.weight", {48, 32}});
    CHECK(layout[7] == contract::TensorSpec{"model.layers.0.mlp.down_proj.weight", {32, 48}});
    CHECK(layout[18] == contract::TensorSpec{"model.layers.1.post_attention_layernorm.weight", {32}});
    CHECK(layout.back().name == "model.norm.weight");
    std::set<std::string> names;
    for (const auto& tensor : layout) names.insert(tensor.name);
    CHECK(names.size() == layout.size());

    ModelConfig untied = tiny();
    untied.tied = false;
    CHECK(model_layout(untied).back() == contract::TensorSpec{"lm_head.weight", {256, 32}});
}

TEST_CASE("initial values are the same bits everywhere, with the stated deviations") {
    const ModelConfig config = tiny();
    std::vector<float> values(contract::value_count(model_layout(config)));
    initial_parameters(config, 42, values);
    // Pins the bits: a change of the generator or of the arithmetic must be deliberate.
    CHECK(to_hex(fast_digest(std::as_bytes(std::span(values)))) == "bcd121764b18654e77c791f556a7906d");
    const std::span<const float> all(values);
    CHECK(deviation(all.first(256 * 32)) == doctest::Approx(0.02).epsilon(0.03));
    const std::size_t output = 256 * 32 + 3 * 32 * 32;
    CHECK(deviation(all.subspan(output, 32 * 32)) == doctest::Approx(0.01).epsilon(0.1));
    CHECK(values.back() == 1.0f);
    std::vector<float> other(values.size());
    initial_parameters(config, 43, other);
    CHECK(other != values);
}

TEST_CASE("impossible shapes are refused with the field's name") {
    CHECK(validate(tiny()));
    const auto message = [](auto change) {
        ModelConfig config = tiny();
        change(config);
        const Status status = validate(config);
        return status ? std::string() : status.error().message;
    };
    CHECK(message([](auto& c) { c.heads = 3; }).find("heads = 3") != std::string::npos);
    CHECK(message([](auto& c) { c.dim = 30, c.heads = 10; }).find("even") != std::string::npos);
    CHECK(message([](auto& c) { c.layers = 0; }).find("layers = 0") != std::string::npos);
    CHECK(message([](auto& c) { c.vocab = 255; }).find("vocab = 255") != std::string::npos);
    CHECK(message([](auto& c) { c.context = 0; }).find("context") != std::string::npos);
    CHECK(message([](auto& c) { c.rope_theta = 0; }).find("rope_theta") != std::string::npos);
    CHECK(message([](auto& c) { c.norm_eps = std::nan(""); }).find("norm_eps") != std::string::npos);
}

TEST_CASE("config.json goes out and comes back; foreign ones are refused by field") {
    ModelConfig config = tiny();
    config.tied = false;
    Json json = to_hugging_face(config);
    CHECK(from_hugging_face(json, "config.json").value() == config);
    json["num_key_value_heads"] = 1;
    CHECK(from_hugging_face(json, "c").error().message.find("num_key_value_heads = 1") != std::string::npos);
    json = to_hugging_face(config);
    json["model_type"] = "gpt2";
    CHECK(from_hugging_face(json, "c").error().message.find("gpt2") != std::string::npos);
    json = to_hugging_face(config);
    json.erase("hidden_size");
    CHECK(from_hugging_face(json, "c").error().message.find("hidden_size") != std::string::npos);
    json = to_hugging_face(config);
    json["num_hidden_layers"] = -1;
    CHECK_FALSE(from_hugging_face(json, "c"));
}

TEST_CASE("training FLOP per token: six per matrix value plus causal attention") {
    ModelConfig config = tiny();
    const double matrices = 2 * (4 * 32 * 32 + 3 * 32 * 48) + 256 * 32;
    CHECK(training_flop_per_token(config) == 6 * matrices + 2 * 6 * 32 * 16);
}

TEST_CASE("precisions have names") {
    CHECK(parse_precision("auto").value() == Precision::automatic);
    CHECK(parse_precision("bf16").value() == Precision::bf16);
    CHECK(parse_precision("fp8").error().message.find("'fp8'") != std::string::npos);
}
