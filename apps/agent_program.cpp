#include "apps/agent_program.hpp"

#include <algorithm>
#include <cstdio>

#include "apps/api_client.hpp"
#include "base/hash.hpp"
#include "base/os/entropy.hpp"
#include "base/os/process.hpp"
#include "base/os/socket.hpp"
#include "federation/batch/chained_batch.hpp"
#include "federation/identity/issuer_fetcher.hpp"
#include "federation/service/agent.hpp"
#include "federation/service/site_door.hpp"

namespace euromesh::apps {
namespace {

using namespace federation;

constexpr std::size_t answer_max_bytes = 32u << 20;
constexpr const char* key_file = "site.key";
constexpr const char* next_key_file = "site.key.next";
constexpr Nanoseconds backoff_most = std::chrono::seconds(60);

// The one that answered last is asked first.
struct Addresses {
    os::HttpClient client{};
    std::size_t current = 0;
};

CoordinatorCall caller(const AgentFile& config) {
    const auto one = [config](Addresses& addresses, const std::string& path, const Json& body,
                              const std::string& bearer) -> Result<Json> {
        const std::string text = body.dump();
        os::HttpRequest request;
        request.method = "POST";
        request.url = config.addresses[addresses.current] + path;
        request.authority_file = config.authority_file;
        request.headers.push_back("Content-Type: application/json");
        if (!bearer.empty()) request.headers.push_back("Authorization: Bearer " + bearer);
        request.body = std::as_bytes(std::span(text));
        EM_ASSIGN(const os::HttpText answer, os::ask_text(addresses.client, request, answer_max_bytes));
        return document_of(answer);
    };
    const auto addresses = std::make_shared<Addresses>();
    return [one, addresses, count = config.addresses.size()](const std::string& path, const Json& body,
                                                             const std::string& bearer) {
        Result<Json> answer = one(*addresses, path, body, bearer);
        // Whatever an agent tells may be told twice, also to two.
        for (std::size_t i = 1; i < count && !answer && answer.error().code == Code::unavailable; ++i) {
            addresses->current = (addresses->current + 1) % count;
            answer = one(*addresses, path, body, bearer);
        }
        return answer;
    };
}

Result<AgentConfig> agent_config(const AgentFile& file) {
    AgentConfig config;
    config.site = file.site;
    config.origin = file.federation;
    config.coordinator = file.coordinator;
    EM_TRY(from_hex(file.coordinator_key, config.coordinator_key));
    config.folder = file.folder;
    config.document = file.document;
    config.train = file.train;
    config.containers = file.batch.containers;
    config.train.program = os::own_program();
    config.read_key = [path = file.folder / key_file] { return SigningKey::read(path); };
    return config;
}

std::int64_t gpus_of(const contract::SiteDocument& document) {
    std::int64_t gpus = 0;
    for (const contract::SitePartition& partition : document.partitions) gpus += partition.gpus;
    return gpus;
}

// The coordinator may be away for hours: the agent asks again, more seldom, and for ever.
Status take_turns(Agent& agent, const AgentFile& config, const Logger& logger) {
    Nanoseconds pause = config.every;
    while (!os::stop_requested()) {
        const Status turn = agent.turn();
        if (!turn && turn.error().code == Code::conflict) return turn;
        if (!turn && pause == config.every)
            logger.warning("a turn failed", {{"error", turn.error().message}});
        pause = turn ? config.every : std::min(2 * pause, std::max(backoff_most, config.every));
        for (Nanoseconds waited{0}; waited < pause && !os::stop_requested();
             waited += std::chrono::milliseconds(50))
            os::wait_ready({}, std::min<Nanoseconds>(pause - waited, std::chrono::milliseconds(50)));
    }
    return {};
}

}  // namespace

Status run_agent(const AgentFile& file, const Clock& clock, const Logger& logger) {
    os::watch_for_stop();
    auto key = SigningKey::read(file.folder / key_file);
    if (!key && key.error().code == Code::not_found)
        return fail(Code::not_found,
                    "{}: no key; make one and have the site admitted: euromesh site key --config FILE",
                    (file.folder / key_file).string());
    if (!key) return fail(key.error());
    EM_ASSIGN(const std::unique_ptr<SiteBatch> batch,
              SiteBatch::open(file.batch, file.chain, gpus_of(file.document), clock));
    EM_ASSIGN(AgentConfig config, agent_config(file));
    EM_ASSIGN(Agent agent,
              Agent::open(std::move(config), std::move(*key), batch->system(), caller(file), clock, logger));
    return take_turns(agent, file, logger);
}

// The running agent is told once that its own token key is not known any more, and introduces itself again.
Status set_site_state(const AgentFile& file, const std::string& state, const std::string& words,
                      const Clock& clock) {
    EM_ASSIGN(const SigningKey key, SigningKey::read(file.folder / key_file));
    const TokenKey token = TokenKey::generate(TokenAlgorithm::es256);
    const std::int64_t now_ms = wall_ms(clock);
    const CoordinatorCall call = caller(file);
    const auto known =
        call("/v1/agent/introduce",
             make_introduction(file.federation, file.site, token.public_key(), key, now_ms), {});
    if (!known) return fail(known.error());
    const std::string assertion =
        make_site_assertion(token, file.site, file.coordinator, os::fill_random, now_ms);
    EM_ASSIGN(const Json answer, call("/v1/agent/state", {{"state", state}, {"words", words}}, assertion));
    std::printf("site %s is %s\n", file.site.text().c_str(), answer.value("state", "").c_str());
    return {};
}

Status enrol_site(const AgentFile& file) {
    EM_TRY(os::make_folders(file.folder));
    auto key = SigningKey::read(file.folder / key_file);
    if (!key) {
        if (key.error().code != Code::not_found) return fail(key.error());
        const SigningKey made = SigningKey::generate();
        EM_TRY(made.write(file.folder / key_file));
        key = made;
    }
    const Json admission = {{"id", file.site.text()},
                            {"public_key", to_hex(key->public_key())},
                            {"country", file.document.country},
                            {"operator", file.document.op},
                            {"hosting", file.document.hosting}};
    std::printf("%s\n", admission.dump(2).c_str());
    return {};
}

Status add_site_image(const AgentFile& file, const os::Path& image) {
    const ContainerSite& site = file.batch.containers;
    if (site.runtime.empty())
        return fail(Code::refused, "this site's file names no container runtime: [batch] container, images");
    ImageStore store(image_store_of(site, std::filesystem::absolute(file.folder) / "images.json"));
    EM_ASSIGN(const std::string digest, store.add(image));
    std::printf("%s\n", digest.c_str());
    return {};
}

// The successor is durable before the coordinator hears of it, and sent again after a cut.
Status rotate_site_key(const AgentFile& file) {
    EM_ASSIGN(const SigningKey key, SigningKey::read(file.folder / key_file));
    auto next = SigningKey::read(file.folder / next_key_file);
    if (!next) {
        if (next.error().code != Code::not_found) return fail(next.error());
        const SigningKey made = SigningKey::generate();
        EM_TRY(made.write(file.folder / next_key_file));
        next = made;
    }
    KeyEvent event;
    event.name = file.site.text();
    event.key = key.public_key();
    event.successor = next->public_key();
    sign_key_event(file.federation, event, event.name, key);
    const auto changed = caller(file)("/v1/keys", to_json(event), {});
    if (!changed) return fail(changed.error());
    EM_ASSIGN(const std::string text, os::read_file(file.folder / next_key_file, 1u << 16));
    EM_TRY(os::write_secret_atomically(file.folder / key_file, text));
    std::error_code ignored;
    std::filesystem::remove(file.folder / next_key_file, ignored);
    std::printf("site %s has a new key: %s\n", event.name.c_str(), to_hex(event.successor).c_str());
    return {};
}

}  // namespace euromesh::apps
