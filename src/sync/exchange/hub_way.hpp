// Exchange `hub`, a site's side: a way to a peer that only needs a connection out.
//
// connect() reaches the hub with a Connector (so also through a proxy or a command), proves who this site is
// (hub_proof.hpp), and waits for as long as it takes until the peer is there as well. Thread rule: Way's.
#pragma once

#include "sync/exchange/connector.hpp"
#include "sync/exchange/dialogue.hpp"
#include "sync/exchange/hub_proof.hpp"

namespace euromesh::sync {

struct HubWayConfig {
    os::Endpoint hub;
    HubParty party;
    os::TlsCredentials credentials;
    ConnectorOptions connector;
};

class HubWay final : public Way {
  public:
    HubWay(HubWayConfig config, const Clock& clock)
        : config_(std::move(config)), clock_(clock), dialler_(config_.connector, clock) {}
    // refused: the hub says no, with its reason; corrupted: what answers is no hub; else as Dialler::dial.
    Result<Arrival> connect(std::stop_token stop) override;
    std::string text() const override { return "hub at " + dialler_.text(config_.hub); }

  private:
    Status introduce(Dialogue& hub) const;

    HubWayConfig config_;
    const Clock& clock_;
    Dialler dialler_;
};

}  // namespace euromesh::sync
