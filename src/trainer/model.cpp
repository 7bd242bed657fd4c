#include "trainer/model.hpp"

#include <cmath>

#include "base/assert.hpp"
#include "base/random.hpp"

namespace euromesh::trainer {
namespace {

constexpr double initial_deviation = 0.02;

struct Range {
    std::string_view field;
    std::size_t value;
    std::size_t least;
    std::size_t most;
};

Status check(const Range& range) {
    if (range.value >= range.least && range.value <= range.most) return {};
    return fail(Code::bad_input, "model {} = {}: use {} to {}", range.field, range.value, range.least,
                range.most);
}

std::int64_t extent(std::size_t value) {
    return static_cast<std::int64_t>(value);
}

void add_layer(contract::Layout& layout, const ModelConfig& config, std::size_t index) {
    const std::string prefix = "model.layers." + std::to_string(index) + ".";
    const std::int64_t dim = extent(config.dim);
    const std::int64_t hidden = extent(config.hidden);
    for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"})
        layout.push_back({prefix + "self_attn." + name + ".weight", {dim, dim}});
    layout.push_back({prefix + "mlp.gate_proj.weight", {hidden, dim}});
    layout.push_back({prefix + "mlp.up_proj.weight", {hidden, dim}});
    layout.push_back({prefix + "mlp.down_proj.weight", {dim, hidden}});
    layout.push_back({prefix + "input_layernorm.weight", {dim}});
    layout.push_back({prefix + "post_attention_layernorm.weight", {dim}});
}

// Sum of twelve uniforms of 16 bits: variance 1 after division by 2^16, tails to 6; exact integers.
double almost_normal(Random& random) {
    std::int64_t sum = 0;
    for (int word = 0; word < 3; ++word) {
        std::uint64_t bits = random.next();
        for (int piece = 0; piece < 4; ++piece, bits >>= 16) sum += static_cast<std::int64_t>(bits & 0xffff);
    }
    return (static_cast<double>(sum) - 12 * 32767.5) / 65536.0;
}

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> endings) {
    for (std::string_view ending : endings)
        if (name.ends_with(ending)) return true;
    return false;
}

Result<std::size_t> size_field(const Json& json, std::string_view key, std::string_view where) {
    EM_ASSIGN(const std::int64_t value, json_integer(json, key, where));
    if (value < 1) return fail(Code::bad_input, "{}: {} = {}: use a positive number", where, key, value);
    return static_cast<std::size_t>(value);
}

}  // namespace

Status validate(const ModelConfig& config) {
    // Bounds far above any model that fits a node, so that no product of two of them overflows 64 bits.
    for (const Range& range :
         {Range{"vocab", config.vocab, 256, 1u << 20}, Range{"dim", config.dim, 2, 1u << 17},
          Range{"layers", config.layers, 1, 4096}, Range{"heads", config.heads, 1, 4096},
          Range{"hidden", config.hidden, 1, 1u << 19}, Range{"context", config.context, 1, 1u << 20}})
        EM_TRY(check(range));
    if (config.dim % config.heads != 0 || config.head_size() % 2 != 0) {
        return fail(Code::bad_input,
                    "model dim = {} with heads = {}: use a dim whose share per head is an even whole number",
                    config.dim, config.heads);
    }
    if (!(config.rope_theta > 1 && config.rope_theta <= 1e12))
        return fail(Code::bad_input, "model rope_theta = {}: use more than 1, usually 10000",
                    config.rope_theta);
    if (!(config.norm_eps > 0 && config.norm_eps < 1))
        return fail(Code::bad_input, "model norm_eps = {}: use a small positive number, usually 1e-5",
                    config.norm_eps);
    return {};
}

Result<Precision> parse_precision(std::string_view text) {
    if (text == "auto") return Precision::automatic;
    if (text == "fp32") return Precision::fp32;
    if (text == "bf16") return Precision::bf16;
    return fail(Code::bad_input, "precision '{}': use auto, fp32 or bf16", text.substr(0, 80));
}

contract::Layout model_layout(const ModelConfig& config) {
    contract::Layout layout;
    layout.push_back({"model.embed_tokens.weight", {extent(config.vocab), extent(config.dim)}});
    for (std::size_t index = 0; index < config.layers; ++index) add_layer(layout, config, index);
    layout.push_back({"model.norm.weight", {extent(config.dim)}});
    if (!config.tied) layout.push_back({"lm_head.weight", {extent(config.vocab), extent(config.dim)}});
    return layout;
}

double training_flop_per_token(const ModelConfig& config) {
    const auto dim = static_cast<double>(config.dim);
    const auto layers = static_cast<double>(config.layers);
    const double layer_values = 4 * dim * dim + 3 * dim * static_cast<double>(config.hidden);
    const double matrices = layers * layer_values + dim * static_cast<double>(config.vocab);
    // Scores and mixing over the causal half: 2 products of T/2 * dim multiply-adds, three times.
    const double attention = layers * 6 * dim * static_cast<double>(config.context);
    return 6 * matrices + attention;
}

void initial_parameters(const ModelConfig& config, std::uint64_t seed, std::span<float> out) {
    const contract::Layout layout = model_layout(config);
    EM_ASSERT(out.size() == contract::value_count(layout), "one value per parameter");
    const double residual = initial_deviation / std::sqrt(2.0 * static_cast<double>(config.layers));
    std::size_t at = 0;
    for (std::size_t index = 0; index < layout.size(); ++index) {
        const contract::TensorSpec& tensor = layout[index];
        const std::span<float> values = out.subspan(at, tensor.size());
        at += tensor.size();
        const bool into_residual = ends_with_any(tensor.name, {"o_proj.weight", "down_proj.weight"});
        const double deviation = into_residual ? residual : initial_deviation;
        Random random(derive_seed(seed, index));
        for (float& value : values)
            value = tensor.shape.size() == 1 ? 1.0f : static_cast<float>(deviation * almost_normal(random));
    }
}

Json to_hugging_face(const ModelConfig& config) {
    return Json{{"architectures", {"LlamaForCausalLM"}},
                {"model_type", "llama"},
                {"vocab_size", config.vocab},
                {"hidden_size", config.dim},
                {"intermediate_size", config.hidden},
                {"num_hidden_layers", config.layers},
                {"num_attention_heads", config.heads},
                {"num_key_value_heads", config.heads},
                {"max_position_embeddings", config.context},
                {"hidden_act", "silu"},
                {"rms_norm_eps", config.norm_eps},
                {"rope_theta", config.rope_theta},
                {"tie_word_embeddings", config.tied},
                {"attention_bias", false},
                {"mlp_bias", false},
                {"initializer_range", initial_deviation},
                {"bos_token_id", nullptr},
                {"eos_token_id", nullptr},
                {"torch_dtype", "float32"}};
}

Result<ModelConfig> from_hugging_face(const Json& json, std::string_view where) {
    ModelConfig config;
    EM_ASSIGN(const std::string type, json_string(json, "model_type", where));
    if (type != "llama")
        return fail(Code::bad_input, "{}: model_type '{}': use llama", where, type.substr(0, 80));
    EM_ASSIGN(config.vocab, size_field(json, "vocab_size", where));
    EM_ASSIGN(config.dim, size_field(json, "hidden_size", where));
    EM_ASSIGN(config.hidden, size_field(json, "intermediate_size", where));
    EM_ASSIGN(config.layers, size_field(json, "num_hidden_layers", where));
    EM_ASSIGN(config.heads, size_field(json, "num_attention_heads", where));
    EM_ASSIGN(config.context, size_field(json, "max_position_embeddings", where));
    EM_ASSIGN(config.norm_eps, json_number(json, "rms_norm_eps", where));
    EM_ASSIGN(config.rope_theta, json_number(json, "rope_theta", where));
    EM_ASSIGN(const std::size_t key_heads, size_field(json, "num_key_value_heads", where));
    if (key_heads != config.heads)
        return fail(Code::bad_input, "{}: num_key_value_heads = {}: only as many as heads ({})", where,
                    key_heads, config.heads);
    const auto tied = json.find("tie_word_embeddings");
    if (tied == json.end() || !tied->is_boolean())
        return fail(Code::bad_input, "{}: tie_word_embeddings: use true or false", where);
    config.tied = tied->get<bool>();
    if (const Status valid = validate(config); !valid) return fail(valid.error().within(std::string(where)));
    return config;
}

}  // namespace euromesh::trainer
