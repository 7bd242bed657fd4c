// A relay over TCP from beginning to end: it dials another relay, or lets others dial it, until it is
// stopped, its budget is spent or, with `once`, nothing is left to do.
//
// Thread rule: one thread; run() blocks. Invariants: as relay.hpp; a connection that ends or is refused is
// told to the log and made again, after 0.2 s and then later and later up to 10 s.
#pragma once

#include <list>
#include <memory>

#include "base/log.hpp"
#include "sync/exchange/connector.hpp"
#include "sync/exchange/relay_link.hpp"

namespace euromesh::sync {

struct RelayLoopConfig {
    std::string site;
    std::string secret;
    std::optional<os::Endpoint> dial;  // one of the two
    std::optional<os::Endpoint> listen;
    ConnectorOptions via{};
    bool once = false;  // only when dialling
};

class RelayLoop {
  public:
    // conflict: the port is taken.
    static Result<std::unique_ptr<RelayLoop>> open(FolderStore& spool, RelayLoopConfig config,
                                                   const RelayBudget& budget, const Clock& clock,
                                                   const Logger& log);
    // With `once`: what went wrong. Otherwise only what will not get better: refused, bad_input.
    Status run(std::stop_token stop);
    std::uint16_t port() const { return listener_.local_port(); }
    RelayCounts counts() const;

  private:
    struct Open {
        Open(FolderStore& spool, RelayLinkConfig config, os::Socket socket, Nanoseconds now)
            : link(spool, std::move(config), std::move(socket)), since(now) {}
        RelayLink link;
        Nanoseconds since;
    };
    RelayLoop(FolderStore& spool, RelayLoopConfig config, const RelayBudget& budget, const Clock& clock,
              const Logger& log);
    Status dial_due(const std::stop_token& stop);
    void accept_all();
    void add(os::Socket socket, RelayRole role);
    Status turn();
    Status offer_due();
    Status end(const Open& open, const Error& error);
    bool is_done() const;
    Status step(Open& open, bool readable);

    FolderStore& spool_;
    RelayLoopConfig config_;
    RelayBudget budget_;
    const Clock& clock_;
    const Logger& log_;
    Dialler dialler_;
    os::Socket listener_;
    std::list<Open> links_;
    RelayCounts past_;
    Nanoseconds dial_at_{0}, backoff_{0};
    Nanoseconds offer_at_{0}, interval_{0};
    std::uint64_t moved_ = 0;  // when it was last looked at
};

}  // namespace euromesh::sync
