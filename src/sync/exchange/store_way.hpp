// A stream to a peer by files or objects that both sites can reach: exchanges spool and object store.
//
// Why: compute nodes of the large centres have no network, only a shared file system, which a relay connects
// with other places; and any two sites with a way out can meet in a bucket. The layout, the same in both, is
//     <run>/<from>/<to>/<name>            names as in tether_wire.hpp
// Each site writes below its own name and takes away what is meant for it, so that a relay can move blobs in
// either direction by their path alone, and one that is moved twice does no harm.
//
// Requests (an object store charges for them): per segment one put, one get, one remove, and its share of the
// listings: one each 20 ms while bytes flow, one each 2 s when nothing does; acknowledgements are one put,
// get-free, and one remove each quarter of the window or 5 s. Counted: BlobStore::counts().
//
// Thread rule: Way's; counts() from any thread. The store is shared by ways and outlives none of them alone.
// Invariants: whatever a relay or a store loses, repeats or reorders, the socket gives what the peer's was
// given, or it ends. A peer that has begun anew ends it.
// It does not: encrypt or authenticate; move anything between stores (relay.hpp does).
#pragma once

#include <memory>
#include <mutex>

#include "sync/exchange/store_way_carrier.hpp"
#include "sync/exchange/way.hpp"

namespace euromesh::sync {

class StoreWay final : public Way {
  public:
    StoreWay(std::shared_ptr<BlobStore> store, StoreWayConfig config, const Clock& clock);
    ~StoreWay() override;

    // no_space, refused: the store does not take a greeting; unavailable: it is not there now. A store that
    // fails after it has taken the first greeting is asked again until stop, if it does not refuse.
    Result<Arrival> connect(std::stop_token stop) override;
    std::string text() const override;
    // Of all streams since the beginning.
    StoreWayCounts counts() const;

  private:
    Status tell();
    Status begin(const std::stop_token& stop);
    Status listen(const std::stop_token& stop);
    Status look(const std::stop_token& stop);
    void pause(Nanoseconds interval, const std::stop_token& stop);
    bool is_settled() const;
    Status clean(const std::stop_token& stop);
    void end_carrier();

    std::shared_ptr<BlobStore> store_;
    const StoreWayConfig config_;
    const Clock& clock_;
    const StorePaths paths_;
    TetherGreeting greeting_;
    std::string told_;  // our greeting that lies in the outbox
    mutable std::mutex mutex_;
    StoreWayCounts past_;                    // under mutex_
    std::unique_ptr<StoreCarrier> carrier_;  // made and ended by connect(); the pointer under mutex_
};

}  // namespace euromesh::sync
