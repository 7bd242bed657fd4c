#include <gloo/allreduce_ring_chunked.h>
#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/file_store.h>
#include <gloo/transport/tcp/device.h>

#include "bench/exchange/cases.hpp"

namespace euromesh::bench {
namespace {

class GlooCase final : public Case {
  public:
    explicit GlooCase(const Place& place)
        : values_(contribution(place)),
          payload_bytes_(reduce_payload_bytes(place, values_.size() * sizeof(float))) {
        gloo::transport::tcp::attr attributes;
        attributes.hostname = place.endpoints.empty() ? "127.0.0.1" : place.endpoints[place.rank].host;
        const auto device = gloo::transport::tcp::CreateDevice(attributes);
        gloo::rendezvous::FileStore store(place.folder.string());
        auto context = std::make_shared<gloo::rendezvous::Context>(static_cast<int>(place.rank),
                                                                   static_cast<int>(place.world));
        context->connectFullMesh(store, const_cast<std::shared_ptr<gloo::transport::Device>&>(device));
        algorithm_ = std::make_unique<gloo::AllreduceRingChunked<float>>(
            context, std::vector<float*>{values_.data()}, static_cast<int>(values_.size()));
    }

    Status run() override {
        algorithm_->run();
        return {};
    }
    std::uint64_t sent_bytes() const override { return 0; }
    std::uint64_t payload_bytes() const override { return payload_bytes_; }
    float sample() const override { return values_[values_.size() / 3]; }

  private:
    std::vector<float> values_;
    std::uint64_t payload_bytes_;
    std::unique_ptr<gloo::Algorithm> algorithm_;
};

}  // namespace

std::unique_ptr<Case> make_gloo_case(const Place& place) {
    return std::make_unique<GlooCase>(place);
}

}  // namespace euromesh::bench
