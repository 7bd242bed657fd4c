// A trained model taken from a checkpoint, to write text with.
#pragma once

#include <filesystem>

#include "trainer/trainer.hpp"

namespace euromesh::apps {

Result<trainer::Trainer> load_for_use(const std::filesystem::path& checkpoint, trainer::Device device);

}  // namespace euromesh::apps
