// Tensor files from anywhere: opened, listed, every tensor read at the shape asked for.
#include "contract/safetensors.hpp"

#include "fuzz/input.hpp"

namespace euromesh::fuzz {
namespace {

void read_as(const contract::SafetensorsFile& file, const std::string& name, std::int64_t count) {
    const contract::TensorSpec wanted{name, {count}};
    std::vector<float> values(static_cast<std::size_t>(count));
    const Status read = file.read(wanted, values);
    EM_ASSERT(read.has_value() == file.contains(wanted), "what it contains can be read, and nothing else");
}

}  // namespace

void try_input(Input input) {
    static MemoryFile memory;
    memory.fill(input.rest());
    const auto file = contract::SafetensorsFile::open(memory.path());
    if (!file) return;
    for (const std::string& name : file->names())
        for (const std::int64_t count : {0, 1, 2, 6}) read_as(*file, name, count);
    read_as(*file, "none of them", 1);
}

}  // namespace euromesh::fuzz
