// A run's state on disk: a folder per checkpoint, complete or absent.
//
//   FOLDER/step-00000120/model.safetensors      Hugging Face names: loads there together with config.json
//                        optimizer.safetensors  first and second moments under the same names
//                        outer.safetensors      outer parameters and momentum: a run resumes from any one
//                                               site
//                        outer_delayed.safetensors  only of an outer kind that has a delayed sum
//                        config.json            LlamaForCausalLM
//                        state.json             step, round, sampler, layout digest, SHA-256 of each file
//   FOLDER/latest                               the name of the newest complete folder
//
// Written as step-N.tmp, each file synced, then renamed; `latest` changes last. Every digest is checked when
// loading. Functions may be called from several threads on different folders.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/os/file.hpp"
#include "base/result.hpp"
#include "trainer/model.hpp"
#include "trainer/trainer.hpp"

namespace euromesh::trainer {

struct Checkpoint {
    ModelConfig model;
    std::uint64_t round = 0;
    std::uint64_t sampler_state = 0;
    std::vector<float> parameters;
    OptimiserState optimiser;
    std::vector<float> outer_parameters;  // empty: the checkpoint of a run without outer steps
    std::vector<float> outer_momentum;
    std::vector<float> outer_delayed;  // of an outer kind with a delayed sum; empty otherwise
    Json extra = Json::object();       // the caller's own (run name, spec digest ...), returned as it was
};

// Keeps the newest `keep` (at least 1) checkpoints. Returns the new folder. no_space: nothing half-written is
// left, and the older checkpoints are untouched. A folder of the same step is replaced.
Result<os::Path> save_checkpoint(const os::Path& folder, const Checkpoint& checkpoint, std::size_t keep = 3);

// A checkpoint's folder, or a folder of checkpoints (its `latest`). not_found, or corrupted: a file is
// missing, cut or altered; the message names it.
Result<Checkpoint> load_checkpoint(const os::Path& folder);

}  // namespace euromesh::trainer
