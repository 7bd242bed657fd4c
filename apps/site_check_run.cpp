#include "apps/site_check_run.hpp"

#include "apps/exchange_ways.hpp"
#include "sync/exchange/pki.hpp"

namespace euromesh::apps {
namespace {

using contract::RunSpec;
using contract::SiteSpec;

void append(Findings& to, Findings more) {
    for (Finding& one : more) to.push_back(std::move(one));
}

// What a request says beats the run file.
Result<sync::ConnectorOptions> way_out(const SiteCheckRequest& request, const SiteSpec* site) {
    sync::ConnectorOptions out;
    if (site) {
        EM_ASSIGN(out, connector_of(*site));
        // A rate is measured as it is; rate_mbit is the user's choice.
        out.socket.pacing_bytes_per_s = 0;
    }
    if (!request.via.empty()) {
        EM_ASSIGN(out.via, sync::parse_connector(request.via));
    }
    if (request.family != os::Family::any) out.family = request.family;
    if (!request.interface.empty()) out.socket.interface = request.interface;
    return out;
}

Result<std::vector<Goal>> goals_of(const SiteCheckRequest& request) {
    std::vector<Goal> goals;
    for (const std::string& to : request.to) {
        EM_ASSIGN(os::Endpoint endpoint, os::parse_endpoint(to));
        goals.push_back({to, std::move(endpoint)});
    }
    return goals;
}

class SiteCheck {
  public:
    SiteCheck(const SiteCheckRequest& request, sync::ConnectorOptions out, std::vector<Goal> goals,
              const Clock& clock)
        : request_(request), out_(std::move(out)), goals_(std::move(goals)), clock_(clock), context_{clock} {
        context_.rate_duration = Nanoseconds(static_cast<std::int64_t>(request.seconds * 1e9));
    }

    Status of_run(const RunSpec& spec, std::size_t self) {
        const SiteSpec& own = spec.sites[self];
        const WayPlan plan = plan_ways(spec, self);
        if (spec.encrypted) check_keys(spec, own);
        check_files(spec, own);
        if (plan.spool) check_spool(own.spool);
        if (plan.listens) check_listening(own);
        for (const std::size_t peer : plan.dials) EM_TRY(check_peer(spec.sites[peer]));
        if (plan.hub) {
            EM_ASSIGN(const os::Endpoint hub, os::parse_endpoint(spec.exchange.hub));
            append(found_, check_goal({"hub", hub, false, true}, out_, context_));
        }
        if (plan.store) found_.push_back(check_store("store", spec.exchange.store, clock_));
        return {};
    }

    void of_node() { append(found_, check_folder("current folder", ".", false, clock_)); }

    void rest() {
        const std::string& interface = out_.socket.interface;
        if (!interface.empty()) found_.push_back(judge_interface(interface, os::has_interface(interface)));
        for (const std::string& spool : request_.spools) check_spool(spool);
        for (const Goal& goal : goals_) append(found_, check_goal(goal, out_, context_));
        append(found_, check_machine(clock_));
    }

    Findings take() { return std::move(found_); }

  private:
    void check_keys(const RunSpec& spec, const SiteSpec& own) {
        KeySample sample{spec.pki.string()};
        const auto keys = sync::pki_load(spec.pki, spec.name, own.id, clock_);
        if (keys) {
            sample.validity =
                os::inspect_certificate(keys->authority, keys->certificate, keys->key)->validity;
            context_.keys = sample.validity;
        } else {
            sample.failed = keys.error();
        }
        const auto access = os::file_access(spec.pki / (own.id.text() + ".key"));
        sample.others_may_read = access && access->others_may_read;
        append(found_, judge_keys(sample, clock_.wall()));
    }

    void check_files(const RunSpec& spec, const SiteSpec& own) {
        found_.push_back(judge_file("text", own.text.string(), os::file_access(own.text)));
        found_.push_back(judge_file("held-out text", own.heldout.string(), os::file_access(own.heldout)));
        append(found_, check_folder("run folder", spec.folder, true, clock_));
    }

    void check_spool(const std::string& spool) {
        append(found_, check_folder("spool", spool, false, clock_));
        found_.push_back(check_store("spool: files", spool, clock_));
        const std::string mark = spool + "/seen";
        found_.push_back(not_checked(
            "disk", "spool: shared", "whether the relay's node has the same folder cannot be seen from here",
            fmt::format("here `touch {0}`, on the relay's node `ls {0}`, then `rm {0}`", mark)));
    }

    void check_listening(const SiteSpec& own) {
        const auto endpoint = os::parse_endpoint(own.address);
        if (own.address.empty() || !endpoint) {
            found_.push_back(not_checked("ways", "own port", "this site has no address in the run file",
                                         "address = \"HOST:PORT\" where others reach it; not needed when all "
                                         "sites are on one machine"));
            return;
        }
        const auto socket = os::Socket::listen(*endpoint, {});
        found_.push_back(judge_listening(own.address, socket ? Status{} : Status(fail(socket.error()))));
    }

    Status check_peer(const SiteSpec& peer) {
        const std::string name = "peer " + peer.id.text();
        if (peer.address.empty()) {
            found_.push_back(not_checked("ways", name, "it has no address in the run file",
                                         "address = \"HOST:PORT\" in its [[site]] table"));
            return {};
        }
        EM_ASSIGN(const os::Endpoint endpoint, os::parse_endpoint(peer.address));
        append(found_, check_goal({name, endpoint, true}, out_, context_));
        return {};
    }

    const SiteCheckRequest& request_;
    const sync::ConnectorOptions out_;
    const std::vector<Goal> goals_;
    const Clock& clock_;
    ProbeContext context_;
    Findings found_;
};

Result<Findings> check_run_site(const SiteCheckRequest& request, const Clock& clock) {
    EM_ASSIGN(const RunSpec spec, contract::load_run_spec(request.run_file));
    if (request.site.empty())
        return fail(Code::bad_input, "site check: say which of the run's sites this is: --site NAME");
    EM_ASSIGN(const std::size_t self, spec.rank_of(request.site));
    EM_ASSIGN(std::vector<Goal> goals, goals_of(request));
    EM_ASSIGN(sync::ConnectorOptions out, way_out(request, &spec.sites[self]));
    SiteCheck check(request, std::move(out), std::move(goals), clock);
    EM_TRY(check.of_run(spec, self));
    check.rest();
    return check.take();
}

}  // namespace

WayPlan plan_ways(const RunSpec& spec, std::size_t self) {
    WayPlan plan;
    for (std::size_t peer = 0; peer < spec.sites.size(); ++peer) {
        if (peer == self) continue;
        const std::string kind = exchange_of(spec, self, peer);
        plan.hub = plan.hub || kind == "hub";
        plan.store = plan.store || kind == "object-store";
        plan.spool = plan.spool || kind == "spool";
        if (kind != "direct") continue;
        if (peer < self)
            plan.dials.push_back(peer);
        else
            plan.listens = true;
    }
    return plan;
}

Result<Findings> check_site(const SiteCheckRequest& request, const Clock& clock) {
    if (!request.run_file.empty()) return check_run_site(request, clock);
    if (!request.site.empty())
        return fail(Code::bad_input,
                    "site check: --site goes with a run file: site check RUN.toml --site NAME");
    EM_ASSIGN(std::vector<Goal> goals, goals_of(request));
    EM_ASSIGN(sync::ConnectorOptions out, way_out(request, nullptr));
    SiteCheck check(request, std::move(out), std::move(goals), clock);
    check.of_node();
    check.rest();
    return check.take();
}

}  // namespace euromesh::apps
