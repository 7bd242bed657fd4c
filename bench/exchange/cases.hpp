// What is measured: one way to sum 64 MiB over the processes of a benchmark, run again and again.
//
// A case is named by text: "gloo", "mpi" (under mpirun), or plain|tls, then optionally :CODEC, then
// optionally :hub. Thread rule: one thread a process. All processes make the same cases in the same order.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/os/file.hpp"
#include "base/os/system_clock.hpp"
#include "sync/exchange/reduce.hpp"

namespace euromesh::bench {

struct Place {
    std::size_t rank = 0;
    std::size_t world = 1;
    os::Path folder;                      // keys, and ports or gloo's meeting point
    std::vector<os::Endpoint> endpoints;  // empty: loopback, ports told through the folder
    std::size_t values = 0;
    std::size_t chunk_values = 65536;
};

class Case {
  public:
    virtual ~Case() = default;
    virtual Status run() = 0;
    virtual std::uint64_t sent_bytes() const = 0;  // 0: not known
    // What a run must move over the busiest line in each direction, without any framing.
    virtual std::uint64_t payload_bytes() const = 0;
    // A value of the last sum, to see that it is one.
    virtual float sample() const = 0;
};

// The meshes that the cases of one process share, one without and one with TLS.
class Meshes {
  public:
    explicit Meshes(const Place& place) : place_(place) {}
    Result<sync::Mesh*> get(bool tls);
    Status barrier();
    const os::SystemClock& clock() const { return clock_; }
    // What the cases with a codec give and take: they run one after another, so that one of each is enough.
    std::span<const float> input();
    std::span<float> output();

  private:
    Status open(bool tls);
    Status tell_ports(sync::Mesh& mesh, bool tls);
    Status wait_until_up(sync::Mesh& mesh);

    const Place& place_;
    os::SystemClock clock_;
    std::unique_ptr<sync::Mesh> meshes_[2];
    std::uint32_t barriers_ = 0;
    std::vector<float> input_, output_;
};

// Contribution of a process: rank + 1 everywhere, so that the sum is world * (world + 1) / 2.
std::vector<float> contribution(const Place& place);
std::string site_name(std::size_t rank);
// Of an all-reduce of so many bytes in which all share the work, by a ring or directly: 2 (N-1)/N of them.
std::uint64_t reduce_payload_bytes(const Place& place, std::size_t bytes);
inline constexpr const char* run_name = "bench";

Result<std::unique_ptr<Case>> make_case(const std::string& name, const Place& place, Meshes& meshes);
std::unique_ptr<Case> make_gloo_case(const Place& place);
Result<std::unique_ptr<Case>> make_mpi_case(const Place& place);

}  // namespace euromesh::bench
