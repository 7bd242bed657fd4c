#include "apps/sample.hpp"

#include "trainer/checkpoint.hpp"

namespace euromesh::apps {

Result<trainer::Trainer> load_for_use(const std::filesystem::path& checkpoint, trainer::Device device) {
    EM_ASSIGN(const trainer::Checkpoint loaded, trainer::load_checkpoint(checkpoint));
    EM_ASSIGN(trainer::Trainer model, trainer::Trainer::create(loaded.model, {}, 1, device, 1));
    model.write_parameters(loaded.parameters);
    return model;
}

}  // namespace euromesh::apps
