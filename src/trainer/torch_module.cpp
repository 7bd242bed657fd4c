#include "trainer/torch_module.hpp"

#include "base/os/library.hpp"
#include "base/os/process.hpp"

namespace euromesh::trainer {

Result<MakeTorchBackend> load_torch(const os::Path& program) {
    constexpr const char* file = "libeuromesh_torch.so";
    const os::Path folder = program.parent_path();
    for (const os::Path& place : {folder / file, folder.parent_path() / "lib" / "euromesh" / file}) {
        const Result<void*> symbol = os::load_symbol(place, torch_symbol);
        if (symbol) return reinterpret_cast<MakeTorchBackend>(*symbol);
        if (symbol.error().code != Code::not_found) return fail(symbol.error());
    }
    return fail(Code::unavailable, "no {} beside the program: this build has no torch; use device cpu", file);
}

Result<std::unique_ptr<Backend>> make_torch_backend(const ModelConfig& model,
                                                    const OptimiserConfig& optimiser, bool cuda, bool half,
                                                    int threads) {
    EM_ASSIGN(const MakeTorchBackend make, load_torch(os::own_program()));
    return make({model, optimiser, cuda, half, threads});
}

}  // namespace euromesh::trainer
