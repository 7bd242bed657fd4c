#define OMPI_SKIP_MPICXX 1
#include <mpi.h>

#include "bench/exchange/cases.hpp"

namespace euromesh::bench {
namespace {

// From the first case that needs it to the end of the process.
class Library {
  public:
    Library() { MPI_Init(nullptr, nullptr); }
    ~Library() { MPI_Finalize(); }
};

class MpiCase final : public Case {
  public:
    explicit MpiCase(const Place& place)
        : values_(contribution(place)),
          payload_bytes_(reduce_payload_bytes(place, values_.size() * sizeof(float))) {}

    Status run() override {
        const int result = MPI_Allreduce(MPI_IN_PLACE, values_.data(), static_cast<int>(values_.size()),
                                         MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
        return result == MPI_SUCCESS ? Status()
                                     : fail(Code::unavailable, "MPI_Allreduce ended with {}", result);
    }
    std::uint64_t sent_bytes() const override { return 0; }
    std::uint64_t payload_bytes() const override { return payload_bytes_; }
    float sample() const override { return values_[values_.size() / 3]; }

  private:
    std::vector<float> values_;
    std::uint64_t payload_bytes_;
};

}  // namespace

Result<std::unique_ptr<Case>> make_mpi_case(const Place& place) {
    static const Library library;
    int rank = -1, world = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &world);
    if (rank != static_cast<int>(place.rank) || world != static_cast<int>(place.world)) {
        return fail(Code::bad_input,
                    "mpi: process {} of {}, expected {} of {} (start them with mpirun, in order)", rank,
                    world, place.rank, place.world);
    }
    return std::make_unique<MpiCase>(place);
}

}  // namespace euromesh::bench
