// Error feedback: what a codec left out of one contribution is added to the next.
//
// Why: a codec that keeps few values, or few bits, is biased; with feedback everything is sent sooner or
// later, and a run converges where without it it does not. Any codec serves; the sparse one needs it.
//
// Formulas (SparseLoCo, arXiv 2508.15706, decay 0.95), for residual e (zero at first) and values x of a
// round:
//   a = decay e + x;  bytes = encode(a);  e <- a - decode(bytes)
// so that decode(bytes) + e = decay e_before + x: nothing gets lost but by the decay. Each operation is
// rounded to fp32; a cut of the work into slices changes no bit.
//
// Limit: magnitudes up to 2^120, for fp16 up to 2^15, so that what is encoded is always finite.
//
// State: one fp32 a value, owned by one site, not shared between sites and not part of the outer state. Its
// checkpoint is residual(), put back by restore(). A site that has lost it may begin with zeros: it loses
// what it had not sent yet. Not thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "sync/codec.hpp"

namespace euromesh::sync {

// Any codec that a run may use: those of find_codec(), and the sparse one, which a session always uses with
// error feedback. not_found: names them.
Result<const Codec*> find_run_codec(std::string_view name);

class ErrorFeedback {
  public:
    // `codec` must outlive this; 0 < decay <= 1 (asserted).
    ErrorFeedback(const Codec& codec, std::size_t values, float decay = 0.95f);

    // As stated above. bad_input, and nothing changed, when a is not finite or beyond the limit somewhere.
    // values.size() as at construction, bytes.size() == codec.encoded_bytes(values.size()) (asserted).
    Status encode(std::span<const float> values, std::span<std::byte> bytes);

    // What was encoded last has not been counted (a round without commit, a contribution too late): it is
    // kept for the next, as if nothing had been sent, up to a rounding of each value.
    void take_back(std::span<const std::byte> bytes);

    std::span<const float> residual() const { return residual_; }
    // bad_input, and nothing changed: another number of values, or one not finite or beyond the limit.
    Status restore(std::span<const float> residual);

  private:
    const Codec& codec_;
    std::vector<float> residual_;
    float decay_;
    float limit_;
};

}  // namespace euromesh::sync
