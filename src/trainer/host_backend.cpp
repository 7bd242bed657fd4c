#include "trainer/backend.hpp"
namespace euromesh::trainer {
std::unique_ptr<Backend> make_host_backend(const ModelConfig&, const OptimiserConfig&) { return nullptr; }
}
