#include "apps/standby.hpp"

namespace euromesh::apps {
namespace {

using namespace federation;

constexpr const char* retry_after_s = "1";

Problem not_leading() {
    Problem problem = simple_problem(503, "not-leading",
                                     "this coordinator waits for another one of the same store, which leads: "
                                     "nothing was done; ask that one, or here again when it is gone");
    problem.headers.emplace_back("Retry-After", retry_after_s);
    return problem;
}

}  // namespace

bool may_wait_for_lead(const ServeConfig& config) {
    return config.store.starts_with("postgres");
}

Result<std::unique_ptr<Standby>> Standby::start(const ServeConfig& config, const Clock& clock,
                                                const Logger& logger) {
    std::unique_ptr<Standby> made(new Standby());
    Api api;
    api.title = "EuroMesh coordinator, waiting";
    api.instead = not_leading();
    HttpOptions options;
    options.listen = config.listen;
    options.tls = config.tls;
    options.proxy = config.proxy;
    options.threads = 1;
    options.access_log = false;
    EM_ASSIGN(made->server_,
              HttpServer::start(std::move(options), std::move(api), {}, clock, logger, made->metrics_));
    return made;
}

Standby::~Standby() {
    if (server_) server_->stop(Nanoseconds(0));
}

}  // namespace euromesh::apps
