#include "trainer/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/assert.hpp"
#include "base/random.hpp"
#include "trainer/backend.hpp"

namespace euromesh::trainer {
namespace {

struct Placement {
    Device device;
    int threads;
    Precision precision;
};

Result<std::unique_ptr<Backend>> make_backend(const ModelConfig& model, const OptimiserConfig& optimiser,
                                              const Placement& where) {
    if (where.device != Device::cpu) {
        const bool cuda = where.device == Device::cuda;
        const bool half =
            where.precision == Precision::bf16 || (cuda && where.precision == Precision::automatic);
        return make_torch_backend(model, optimiser, cuda, half, where.threads);
    }
    const Kernels& kernels = *available_kernels().front();
    const bool has_half = kernels.multiply_half != nullptr;
    if (where.precision == Precision::bf16 && !has_half)
        return fail(Code::unavailable,
                    "precision bf16: this processor has no bf16 products; use auto or fp32");
    return make_host_backend(model, optimiser, kernels, has_half && where.precision != Precision::fp32);
}

// Indices of the candidates, best first; ties by index, so that the choice is the same everywhere.
std::vector<std::size_t> best_first(std::span<const float> scores, std::size_t keep) {
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    if (keep > 0 && keep < order.size()) order.resize(keep);
    return order;
}

std::size_t draw(std::span<const float> scores, const GenerateOptions& options, Random& random) {
    const std::vector<std::size_t> order = best_first(scores, options.top_k);
    if (options.temperature <= 0) return order[0];
    std::vector<double> weights;
    for (std::size_t token : order)
        weights.push_back(std::exp((double{scores[token]} - double{scores[order[0]]}) / options.temperature));
    double left = random.uniform() * std::accumulate(weights.begin(), weights.end(), 0.0);
    for (std::size_t at = 0; at < order.size(); ++at)
        if ((left -= weights[at]) < 0) return order[at];
    return order.back();
}

std::span<const std::uint8_t> last_bytes(std::string_view text, std::size_t most) {
    const std::string_view tail = text.substr(text.size() - std::min(text.size(), most));
    return {reinterpret_cast<const std::uint8_t*>(tail.data()), tail.size()};
}

}  // namespace

struct Trainer::State {
    ModelConfig model;
    OptimiserConfig optimiser;
    contract::Layout layout;
    std::size_t count = 0;
    std::unique_ptr<Backend> backend;
    std::uint64_t steps_done = 0;

    std::vector<float> copy_of(Buffer buffer) const {
        std::vector<float> values(count);
        backend->read(buffer, values);
        return values;
    }
    void check(const Batch& batch) const {
        EM_ASSERT(batch.length >= 2 && batch.length <= model.context + 1, "windows fit the context");
        EM_ASSERT(batch.rows > 0 && batch.bytes.size() == batch.rows * batch.length, "a batch is full");
    }
    Result<StepResult> update(double loss);
};

Result<StepResult> Trainer::State::update(double loss) {
    const double norm = backend->gradient_norm();
    if (!std::isfinite(loss) || !std::isfinite(norm)) {
        return fail(Code::internal,
                    "training step {}: loss {} and gradient norm {}; use a lower learning rate", steps_done,
                    loss, norm);
    }
    const Update numbers = make_update(optimiser, steps_done, norm);
    EM_TRY(backend->apply(numbers));
    ++steps_done;
    return StepResult{.loss = loss, .grad_norm = norm, .rate = double{numbers.rate}};
}

Trainer::Trainer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer& Trainer::operator=(Trainer&&) noexcept = default;
Trainer::~Trainer() = default;

Result<Trainer> Trainer::create(const ModelConfig& model, const OptimiserConfig& optimiser,
                                std::uint64_t seed, Device device, int threads, Precision precision) {
    EM_TRY(validate(model));
    EM_TRY(validate(optimiser));
    if (threads < 1 || threads > 1024) return fail(Code::bad_input, "threads = {}: use 1 to 1024", threads);
    auto state = std::make_unique<State>();
    state->model = model;
    state->optimiser = optimiser;
    state->layout = model_layout(model);
    state->count = contract::value_count(state->layout);
    EM_ASSIGN(state->backend, make_backend(model, optimiser, {device, threads, precision}));
    Trainer trainer(std::move(state));
    std::vector<float> values(trainer.parameter_count());
    initial_parameters(model, seed, values);
    trainer.write_parameters(values);
    return trainer;
}

const ModelConfig& Trainer::model() const {
    return state_->model;
}
const contract::Layout& Trainer::layout() const {
    return state_->layout;
}
std::size_t Trainer::parameter_count() const {
    return state_->count;
}
std::string Trainer::device_name() const {
    return state_->backend->name();
}

void Trainer::read_parameters(std::span<float> out) const {
    EM_ASSERT(out.size() == state_->count, "one value per parameter");
    state_->backend->read(Buffer::parameters, out);
}

void Trainer::write_parameters(std::span<const float> values) {
    EM_ASSERT(values.size() == state_->count, "one value per parameter");
    state_->backend->write(Buffer::parameters, values);
}

Result<StepResult> Trainer::step(const Batch& batch) {
    state_->check(batch);
    EM_ASSIGN(const double loss, state_->backend->compute_gradient(batch));
    return state_->update(loss);
}

Result<double> Trainer::gradient(const Batch& batch, std::span<float> gradient) {
    state_->check(batch);
    EM_ASSERT(gradient.size() == state_->count, "one value per parameter");
    EM_ASSIGN(const double loss, state_->backend->compute_gradient(batch));
    state_->backend->read(Buffer::gradient, gradient);
    return loss;
}

Result<StepResult> Trainer::apply_gradient(std::span<const float> gradient, double loss) {
    EM_ASSERT(gradient.size() == state_->count, "one value per parameter");
    state_->backend->write(Buffer::gradient, gradient);
    return state_->update(loss);
}

Result<double> Trainer::evaluate(const Batch& windows) {
    state_->check(windows);
    return state_->backend->loss(windows);
}

Result<std::string> Trainer::generate(std::string_view prompt, const GenerateOptions& options) {
    if (prompt.empty()) return fail(Code::bad_input, "prompt: give at least one byte");
    std::string text(prompt);
    std::vector<float> scores(state_->model.vocab);
    Random random(options.seed);
    for (std::size_t made = 0; made < options.count; ++made) {
        EM_TRY(state_->backend->next_scores(last_bytes(text, state_->model.context), scores));
        text.push_back(static_cast<char>(draw(std::span(scores).first(256), options, random)));
    }
    return text.substr(prompt.size());
}

std::uint64_t Trainer::steps_done() const {
    return state_->steps_done;
}

OptimiserState Trainer::optimiser_state() const {
    return {.first = state_->copy_of(Buffer::first_moment),
            .second = state_->copy_of(Buffer::second_moment),
            .step = state_->steps_done};
}

Status Trainer::restore_optimiser(const OptimiserState& saved) {
    if (saved.first.size() != state_->count || saved.second.size() != state_->count) {
        return fail(Code::bad_input, "optimiser state of {} and {} values: this model has {}",
                    saved.first.size(), saved.second.size(), state_->count);
    }
    state_->backend->write(Buffer::first_moment, saved.first);
    state_->backend->write(Buffer::second_moment, saved.second);
    state_->steps_done = saved.step;
    return {};
}

void Trainer::reset_optimiser(std::uint64_t step) {
    const std::vector<float> zeros(state_->count);
    state_->backend->write(Buffer::first_moment, zeros);
    state_->backend->write(Buffer::second_moment, zeros);
    state_->steps_done = step;
}

}  // namespace euromesh::trainer
