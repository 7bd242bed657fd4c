// How the trainer comes by torch: a library beside the program, loaded at the first use of a torch device.
//
// Why: linking torch costs a third of a second and 160 MB at every start of a program that mostly does
// without it, and a build without torch is the same program less this file. Any thread.
#pragma once

#include <memory>

#include "base/os/file.hpp"
#include "base/result.hpp"
#include "trainer/backend.hpp"

namespace euromesh::trainer {

// What the library offers, by its C name euromesh_make_torch_backend. The caller owns the object.
struct TorchRequest {
    const ModelConfig& model;
    const OptimiserConfig& optimiser;
    bool cuda;
    bool half;
    int threads;
};
using MakeTorchBackend = Result<std::unique_ptr<Backend>> (*)(const TorchRequest&);

inline constexpr const char* torch_symbol = "euromesh_make_torch_backend";

// Where the library is looked for: beside the program, or in ../lib/euromesh of an installed one.
// unavailable: this build has none.
Result<MakeTorchBackend> load_torch(const os::Path& program);

}  // namespace euromesh::trainer
