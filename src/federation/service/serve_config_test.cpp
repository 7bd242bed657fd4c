#include "federation/service/serve_config.hpp"

#include "federation/service/coordinator_for_test.hpp"

namespace euromesh::federation {
namespace {

const std::string serve_text = R"(name = "federation.example"
[[issuer]]
url = "https://issuer.example"
audience = "urn:coordinator"
groups = ["urn:geant:example.eu"]
)";

const std::string agent_text = R"(site = "site-a"
federation = "federation.example"
coordinator = "https://coordinator.example"
coordinator_key = "00"
country = "FI"
operator = "A centre"
[[partition]]
name = "booster"
accelerator = "gh200"
gpus = 8
gpus_per_node = 4
max_hours = 12
wait_median_s = 60
)";

struct ConfigFolder : ServiceFolder {
    os::Path write(const std::string& text, const std::string& name = "config.toml") const {
        REQUIRE(os::write_file_atomically(path() / name, text));
        return path() / name;
    }
    // What is said about a file that is wrong.
    template <class Reader>
    std::string complaint(Reader reader, const std::string& text) const {
        const auto read = reader(write(text));
        REQUIRE_FALSE(read);
        CHECK(read.error().code == Code::bad_input);
        CHECK(read.error().message.find("config.toml") != std::string::npos);
        return read.error().message;
    }
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string with(std::string text, const std::string& line) {
    return line + "\n" + text;
}

TEST_CASE("a coordinator's file: the least that it needs, and what is put in for the rest") {
    const ConfigFolder folder;
    const auto config = read_serve_config(folder.write(serve_text));
    REQUIRE_MESSAGE(config, config.error().message);
    CHECK(config->name == "federation.example");
    CHECK(config->listen.text() == "127.0.0.1:8443");
    CHECK(config->url == "http://127.0.0.1:8443");
    CHECK(config->store == "sqlite:" + (folder.path() / "federation.db").string());
    CHECK(config->keys == folder.path() / "keys");
    CHECK_FALSE(config->tls);
    REQUIRE(config->issuers.size() == 1);
    CHECK(config->issuers[0].client == "euromesh-cli");
    CHECK(config->issuers[0].group_name_spaces == std::vector<std::string>{"urn:geant:example.eu"});
}

TEST_CASE("a coordinator's file: everything") {
    const ConfigFolder folder;
    const auto config = read_serve_config(
        folder.write("listen = \"[::1]:9000\"\nurl = \"https://mesh.example\"\ncertificate = \"tls/c.pem\"\n"
                     "key = \"/etc/k.pem\"\nstore = \"postgresql://mesh@db/mesh\"\nkeys = \"/var/keys\"\n"
                     "requests_per_second = 50\nproxy = \"\"\n" +
                     serve_text));
    REQUIRE_MESSAGE(config, config.error().message);
    CHECK(config->listen.port == 9000);
    CHECK(config->url == "https://mesh.example");
    REQUIRE(config->tls);
    CHECK(config->tls->certificate == folder.path() / "tls/c.pem");
    CHECK(config->tls->key == "/etc/k.pem");
    CHECK(config->store == "postgresql://mesh@db/mesh");
    CHECK(config->keys == "/var/keys");
    CHECK(config->requests_per_second == 50);
}

TEST_CASE("a coordinator's file that is wrong: file and key are named") {
    const ConfigFolder folder;
    const auto complaint = [&](const std::string& text) { return folder.complaint(read_serve_config, text); };
    CHECK(has(complaint(with(serve_text, "listen = \"nowhere\"")), "listen"));
    CHECK(has(complaint(with(serve_text, "certificate = \"c.pem\"")), "certificate"));
    CHECK(has(complaint(with(serve_text, "no_such_key = 1")), "no_such_key"));
    CHECK(has(complaint(with(serve_text, "requests_per_second = 0")), "requests_per_second"));
    CHECK(has(complaint("name = \"federation.example\"\n"), "issuer"));
    CHECK(has(complaint(serve_text.substr(serve_text.find('\n'))), "name"));
    CHECK(has(complaint("name ="), "config.toml"));
    CHECK(read_serve_config(folder.path() / "absent.toml").error().code == Code::not_found);
    std::string plain = serve_text;
    plain.replace(plain.find("https"), 5, "http");
    CHECK(read_serve_config(folder.write(plain)).error().code == Code::bad_input);
}

TEST_CASE("an agent's file becomes a document that the coordinator takes") {
    const ConfigFolder folder;
    folder.write("rule a \"b\" source \"c\" permit place;", "own.rules");
    const auto config = read_agent_file(
        folder.write("rules = \"own.rules\"\nslots = 4\nallocation_hours = 0.5\nallocation_lead_hours = "
                     "0.1\nauthorities = \"ca.pem\"\nevery_ms = 100\nfolder = \"state\"\n" +
                     agent_text));
    REQUIRE_MESSAGE(config, config.error().message);
    CHECK(config->site.text() == "site-a");
    CHECK(config->folder == folder.path() / "state");
    CHECK(config->batch.slots == 4);
    CHECK(config->batch.kind == "local");
    CHECK(config->authority_file == (folder.path() / "ca.pem").string());
    CHECK(config->chain.longest_ms == 1'800'000);
    CHECK(config->chain.lead_ms == 360'000);
    CHECK(config->every == std::chrono::milliseconds(100));
    CHECK(config->document.rules.starts_with("rule a"));
    REQUIRE(config->document.partitions.size() == 1);
    const contract::SitePartition& partition = config->document.partitions[0];
    CHECK(partition.id == "booster");
    CHECK(partition.gpus == 8);
    CHECK(partition.gpus_per_node == 4);
    CHECK(partition.max_duration_ms == 12 * 3'600'000);
    CHECK(partition.wait_median_ms == 60'000);
    CHECK(partition.wait_p90_ms == 60'000);
}

TEST_CASE("an agent asks at the coordinators' addresses, which are its URL if none are given") {
    const ConfigFolder folder;
    const auto plain = read_agent_file(folder.write(agent_text));
    REQUIRE(plain);
    CHECK(plain->addresses == std::vector<std::string>{"https://coordinator.example"});
    const auto two = read_agent_file(
        folder.write(with(agent_text, "addresses = [\"https://a.example\", \"https://b.example\"]")));
    REQUIRE(two);
    CHECK(two->addresses == std::vector<std::string>{"https://a.example", "https://b.example"});
    CHECK(two->coordinator == "https://coordinator.example");
}

TEST_CASE("an agent's file that is wrong") {
    const ConfigFolder folder;
    const auto complaint = [&](const std::string& text) { return folder.complaint(read_agent_file, text); };
    CHECK(has(complaint(with(agent_text, "rules = \"absent.rules\"")), "rules"));
    CHECK(has(complaint(with(agent_text, "slots = 0")), "slots"));
    CHECK(has(complaint(with(agent_text, "allocation_hours = -1")), "allocation_hours"));
    CHECK(has(complaint(with(agent_text, "every_ms = 1")), "every_ms"));
    CHECK(has(complaint(with(agent_text, "hosting = \"moon\"")), "hosting"));
    CHECK(has(complaint(agent_text.substr(0, agent_text.find("[[partition]]"))), "partition"));
    CHECK(has(complaint(with(agent_text, "addresses = []")), "addresses"));
    CHECK(has(complaint(with(agent_text, "colour = 1")), "colour"));
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"site-a", "Site A"}, {"\"FI\"", "\"Finland\""}, {"gpus = 8", "gpus = -1"}}) {
        std::string wrong = agent_text;
        wrong.replace(wrong.find(from), from.size(), to);
        CHECK(read_agent_file(folder.write(wrong)).error().code == Code::bad_input);
    }
}

}  // namespace
}  // namespace euromesh::federation
