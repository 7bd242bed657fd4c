#include "federation/service/serve_config.hpp"

#include <cmath>

#include "base/json.hpp"
#include "contract/toml_reader.hpp"
#include "federation/identity/web_address.hpp"

namespace euromesh::federation {
namespace {

constexpr std::uint64_t config_max_bytes = 1u << 20;

Result<contract::TomlReader> open_toml(const os::Path& file) {
    EM_ASSIGN(const std::string text, os::read_file(file, config_max_bytes));
    return contract::TomlReader::parse(text, file.string());
}

os::Path beside(const os::Path& file, const std::string& path) {
    const os::Path given(path);
    return given.is_absolute() ? given : file.parent_path() / given;
}

// "sqlite:federation.db" lies beside the file, too.
std::string store_beside(const os::Path& file, const std::string& url) {
    constexpr std::string_view scheme = "sqlite:";
    if (!url.starts_with(scheme)) return url;
    return std::string(scheme) + std::filesystem::absolute(beside(file, url.substr(scheme.size()))).string();
}

void read_listen(contract::TomlReader& toml, const os::Path& file, ServeConfig& config) {
    const auto listen = os::parse_endpoint(toml.text("listen", "127.0.0.1:8443"));
    if (listen)
        config.listen = *listen;
    else
        toml.reject("listen", listen.error().message);
    const std::string certificate = toml.text("certificate", ""), key = toml.text("key", "");
    if (certificate.empty() != key.empty())
        toml.reject("certificate", "needs 'key' beside it, and the other way round");
    if (!certificate.empty()) config.tls = TlsFiles{beside(file, certificate), beside(file, key)};
    config.proxy = toml.text("proxy", "");
}

IssuerConfig read_issuer(contract::TomlReader& toml) {
    IssuerConfig issuer;
    issuer.issuer = toml.required_text("url");
    issuer.audience = toml.required_text("audience");
    issuer.client = toml.text("client", "euromesh-cli");
    issuer.group_name_spaces = toml.texts("groups", {});
    return issuer;
}

contract::SitePartition read_partition(contract::TomlReader& toml) {
    constexpr contract::IntegerRange any{0, 1'000'000'000};
    contract::SitePartition partition;
    partition.id = toml.required_text("name");
    partition.system = toml.text("system", partition.id);
    partition.accelerator = toml.text("accelerator", "");
    partition.gpus = toml.integer("gpus", 0, any);
    partition.gpus_per_node = toml.integer("gpus_per_node", partition.gpus, any);
    partition.gpu_memory_mib = toml.integer("gpu_memory_mib", 0, any);
    partition.max_duration_ms = toml.integer("max_hours", 24, {1, 8784}) * 3'600'000;
    partition.most_claims = toml.integer("most_claims", 64, {1, 1'000'000});
    partition.watts_per_gpu = toml.integer("watts_per_gpu", 0, any);
    partition.wait_median_ms = toml.integer("wait_median_s", 0, any) * 1000;
    partition.wait_p90_ms = toml.integer("wait_p90_s", partition.wait_median_ms / 1000, any) * 1000;
    partition.runtimes = toml.texts("runtimes", {});
    return partition;
}

contract::SiteDocument read_document(contract::TomlReader& toml, const os::Path& file) {
    contract::SiteDocument document;
    document.country = toml.required_text("country");
    document.op = toml.required_text("operator");
    document.hosting = toml.choice("hosting", "national", {"ju", "national", "private"});
    document.labels = toml.texts("labels", {});
    document.grid_grams_per_kwh = toml.integer("grid_grams_per_kwh", 0, {0, 10'000});
    document.quota_mgh = toml.integer("quota_milli_gpu_hours", 0);
    const std::string rules = toml.text("rules", "");
    if (!rules.empty()) {
        const auto text = os::read_file(beside(file, rules), config_max_bytes);
        if (text)
            document.rules = *text;
        else
            toml.reject("rules", text.error().message);
    }
    document.templates = toml.texts("templates", {});
    for (contract::TomlReader& partition : toml.tables("partition"))
        document.partitions.push_back(read_partition(partition));
    if (document.partitions.empty()) toml.reject("partition", "give at least one [[partition]]");
    return document;
}

// What its own trainers need, and what the others must know of them.
TrainSite read_train(contract::TomlReader& toml, const os::Path& file, contract::SiteDocument& document) {
    contract::TomlReader exchange = toml.table("exchange"), train = toml.table("train");
    TrainSite site;
    document.exchange = exchange.choice("kind", "", {"", "direct", "hub", "object-store", "spool"});
    document.hub = exchange.text("hub", "");
    document.store = exchange.text("store", "");
    site.listen = exchange.text("address", "");
    const std::string spool = exchange.text("spool", "");
    if (!spool.empty()) site.spool = std::filesystem::absolute(beside(file, spool));
    site.via = exchange.text("via", "");
    site.family = exchange.choice("family", "any", {"any", "ipv4", "ipv6"});
    site.interface = exchange.text("interface", "");
    const std::string data = train.text("data", ""), within = train.text("within", data);
    if (!data.empty()) {
        site.data = std::filesystem::absolute(beside(file, data)).lexically_normal();
        site.within = std::filesystem::absolute(beside(file, within)).lexically_normal();
    }
    site.device = train.choice("device", "cpu", {"cpu", "torch-cpu", "cuda"});
    site.threads = train.integer("threads", 0, {0, 1024});
    if (document.exchange == "hub" && document.hub.empty())
        exchange.reject("hub", "is missing: HOST:PORT where `euromesh hub` listens");
    if (document.exchange == "object-store" && document.store.empty())
        exchange.reject("store", "is missing: s3+https://HOST/BUCKET");
    if (document.exchange == "spool" && spool.empty())
        exchange.reject("spool", "is missing: the folder that the site's relay serves");
    return site;
}

// The coordinator's host: the own address that leads there is what other sites dial.
std::string host_of(const std::string& url) {
    const auto parsed = parse_web_address(url);
    return parsed ? os::Endpoint{parsed->host, parsed->port}.text() : std::string();
}

}  // namespace

Result<ServeConfig> read_serve_config(const os::Path& file) {
    EM_ASSIGN(contract::TomlReader toml, open_toml(file));
    ServeConfig config;
    config.name = toml.required_text("name");
    read_listen(toml, file, config);
    config.url =
        toml.text("url", fmt::format("{}://{}", config.tls ? "https" : "http", config.listen.text()));
    config.store = store_beside(file, toml.text("store", "sqlite:federation.db"));
    config.keys = beside(file, toml.text("keys", "keys"));
    config.issuer_authorities = toml.text("issuer_authorities", "");
    config.access_log = toml.boolean("access_log", true);
    config.requests_per_second = toml.number("requests_per_second", 200, {1, 1e6});
    for (contract::TomlReader& issuer : toml.tables("issuer")) config.issuers.push_back(read_issuer(issuer));
    EM_TRY(toml.finish());
    if (config.issuers.empty())
        return fail(Code::bad_input, "{}: give at least one [[issuer]] with url and audience", file.string());
    for (const IssuerConfig& issuer : config.issuers) EM_TRY(check(issuer));
    return config;
}

namespace {

ChainPolicy read_chain(contract::TomlReader& toml) {
    constexpr double hour_ms = 3'600'000;
    ChainPolicy policy;
    const double longest = toml.number("allocation_hours", 0, {0, 8784});
    policy.longest_ms = std::llround(longest * hour_ms);
    const double lead = toml.number("allocation_lead_hours", -1, {-1, 8784});
    policy.lead_ms = lead < 0 ? -1 : std::llround(lead * hour_ms);
    return policy;
}

}  // namespace

Result<AgentFile> read_agent_file(const os::Path& file) {
    EM_ASSIGN(contract::TomlReader toml, open_toml(file));
    AgentFile config;
    const std::string site = toml.required_text("site");
    config.federation = toml.required_text("federation");
    config.coordinator = toml.required_text("coordinator");
    config.addresses = toml.texts("addresses", {config.coordinator});
    if (config.addresses.empty()) toml.reject("addresses", "give at least one, or leave it out");
    config.coordinator_key = toml.required_text("coordinator_key");
    config.authority_file = toml.text("authorities", "");
    if (!config.authority_file.empty()) config.authority_file = beside(file, config.authority_file).string();
    config.folder = beside(file, toml.text("folder", "site"));
    SiteBatchFile batch;
    batch.slots = toml.integer("slots", 1, {1, 4096});
    batch.folder = config.folder / "jobs";
    config.batch = read_site_batch(toml, file.parent_path(), std::move(batch));
    config.chain = read_chain(toml);
    config.every = std::chrono::milliseconds(toml.integer("every_ms", 2000, {20, 600'000}));
    config.document = read_document(toml, file);
    // Placement asks for them.
    const std::string& runtime = config.batch.containers.runtime;
    for (contract::SitePartition& partition : config.document.partitions)
        if (partition.runtimes.empty() && !runtime.empty()) partition.runtimes.push_back(runtime);
    config.train = read_train(toml, file, config.document);
    config.train.towards = host_of(config.coordinator);
    EM_TRY(toml.finish());
    EM_ASSIGN(config.site, SiteId::parse(site, "site"));
    // The contract's own check names what a document may not be.
    EM_ASSIGN(config.document, contract::read_site_document(contract::to_json(config.document)));
    return config;
}

}  // namespace euromesh::federation
