// How the trainers of a federated run find each other: each tells where it listens, and who dials looks that
// up each time.
//
// Why: nobody knows beforehand on which node of a centre a trainer will run, and after each allocation it
// runs on another. An address that is not known yet, or is of a node that was left, is no error: the mesh
// calls again. Thread rule: as Way.
#pragma once

#include <filesystem>
#include <string>

#include "contract/run_spec.hpp"
#include "sync/exchange/connector.hpp"
#include "sync/exchange/way.hpp"

namespace euromesh::apps {

class AnnouncedWay final : public sync::Way {
  public:
    // `peers`: as contract/run_placement.hpp has it; replaced by the site's agent whenever it changes.
    AnnouncedWay(std::filesystem::path peers, std::string site, sync::ConnectorOptions options,
                 const Clock& clock)
        : peers_(std::move(peers)), site_(std::move(site)), options_(std::move(options)), clock_(clock) {}
    Result<sync::Arrival> connect(std::stop_token stop) override;
    std::string text() const override { return "where " + site_ + " says that it listens"; }

  private:
    std::filesystem::path peers_;
    std::string site_;
    sync::ConnectorOptions options_;
    const Clock& clock_;
};

// Where a placed trainer listens: all addresses of its node, on a free port unless the site fixes one.
// bad_input: `listen` is neither HOST nor HOST:PORT.
Result<os::Endpoint> listening_endpoint(const contract::PlacedSpec& placed);

// What it tells the others: the site's fixed host, else the own address that leads to the coordinator, else
// the node's name.
std::string announced_address(const contract::PlacedSpec& placed, std::uint16_t port);

}  // namespace euromesh::apps
