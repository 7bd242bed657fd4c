#include "federation/service/site_batch.hpp"

#include "base/os/socket.hpp"
#include "base/os/terminal.hpp"
#include "federation/batch/chained_batch.hpp"
#include "federation/batch/local_batch.hpp"
#include "federation/batch/slurm_batch.hpp"
#include "federation/batch/slurm_commands.hpp"

namespace euromesh::federation {
namespace {

constexpr Nanoseconds patience = std::chrono::seconds(5);

Result<std::unique_ptr<BatchSystem>> open_local(const SiteBatchFile& file, std::int64_t gpus,
                                                const Clock& clock) {
    LocalBatchOptions options;
    options.root = file.folder;
    options.slots = file.slots;
    options.gpus = gpus;
    EM_ASSIGN(std::unique_ptr<LocalBatch> batch, LocalBatch::open(options, clock));
    return std::unique_ptr<BatchSystem>(std::move(batch));
}

std::unique_ptr<SlurmScheduler> scheduler_of(const SiteBatchFile& file, const Clock& clock) {
    if (file.kind == "slurmrestd") return std::make_unique<SlurmRest>(file.rest, clock);
    SlurmCommandsOptions commands;
    commands.submit_options = file.submit_options;
    // As a user's own commands would find it.
    const std::string conf =
        file.slurm_conf.empty() ? os::environment("SLURM_CONF").value_or("") : file.slurm_conf;
    if (!conf.empty()) commands.environment["SLURM_CONF"] = conf;
    return std::make_unique<SlurmCommands>(std::move(commands));
}

Result<std::unique_ptr<BatchSystem>> open_slurm(const SiteBatchFile& file, const Clock& clock) {
    SlurmBatchOptions options;
    options.root = std::filesystem::absolute(file.folder);
    EM_ASSIGN(std::unique_ptr<SlurmBatch> batch, SlurmBatch::open(options, scheduler_of(file, clock), clock));
    return std::unique_ptr<BatchSystem>(std::move(batch));
}

// An agent that was just killed may hold the journal for another moment.
Result<std::unique_ptr<BatchSystem>> open_patiently(const SiteBatchFile& file, std::int64_t gpus,
                                                    const Clock& clock) {
    const Nanoseconds limit = clock.monotonic() + patience;
    for (;;) {
        auto batch = file.kind == "local" ? open_local(file, gpus, clock) : open_slurm(file, clock);
        const bool again = !batch && batch.error().code == Code::conflict && clock.monotonic() < limit;
        if (!again) return batch;
        os::wait_ready({}, std::chrono::milliseconds(100));
    }
}

os::Path whole(const os::Path& beside, const std::string& path) {
    return std::filesystem::absolute(beside / path).lexically_normal();
}

SlurmRestOptions read_rest(contract::TomlReader& batch, const os::Path& beside, bool is_wanted) {
    SlurmRestOptions rest;
    rest.url = batch.text("url", "");
    rest.user = batch.text("user", "");
    const std::string token = batch.text("token_file", "");
    rest.authority_file = batch.text("authorities", "");
    const bool may_be_plain = batch.boolean("plain", false);
    if (!is_wanted) {
        if (!(rest.url + rest.user + token + rest.authority_file).empty())
            batch.reject("kind", "only slurmrestd has url, user, token_file and authorities");
        return rest;
    }
    while (rest.url.ends_with('/')) rest.url.pop_back();
    const bool is_url =
        rest.url.starts_with("http://") || rest.url.starts_with("https://") || rest.url.starts_with("unix:/");
    if (!is_url) batch.reject("url", "must be http://HOST:PORT, https://HOST:PORT or unix:/PATH");
    // A token in a header that anybody on the way can read is everybody's.
    const bool is_open = rest.url.starts_with("http://") && !rest.url.starts_with("http://127.") &&
                         !rest.url.starts_with("http://localhost") && !rest.url.starts_with("http://[::1]");
    if (is_open && !may_be_plain)
        batch.reject("url",
                     "sends the token in the clear: use https, or plain = true on a network of your own");
    if (token.empty()) batch.reject("token_file", "is missing: a file with a token of `scontrol token`");
    rest.token_file = whole(beside, token);
    if (!rest.authority_file.empty()) rest.authority_file = whole(beside, rest.authority_file).string();
    if (rest.user.empty()) rest.user = os::environment("USER").value_or("");
    if (rest.user.empty()) batch.reject("user", "is missing: whose token it is, and whom jobs run as");
    return rest;
}

ContainerSite read_containers(contract::TomlReader& batch, const os::Path& beside, const os::Path& folder) {
    ContainerSite site;
    site.runtime = batch.choice("container", "", {"", "charliecloud", "apptainer"});
    const std::string images = batch.text("images", "");
    site.options = batch.texts("container_options", {});
    const std::vector<std::string> mounts = batch.texts("container_mounts", {});
    if (site.runtime.empty()) {
        if (!(images.empty() && site.options.empty() && mounts.empty()))
            batch.reject("container", "is missing: charliecloud or apptainer");
        return site;
    }
    if (images.empty()) batch.reject("images", "is missing: the folder where images lie, by digest");
    site.images = whole(beside, images);
    site.work = std::filesystem::absolute(folder) / "containers";
    for (const std::string& text : mounts) {
        const auto mount = parse_container_mount(text);
        if (mount)
            site.mounts.push_back(*mount);
        else
            batch.reject("container_mounts", mount.error().message);
    }
    return site;
}

}  // namespace

SiteBatchFile read_site_batch(contract::TomlReader& toml, const os::Path& beside, SiteBatchFile usual) {
    contract::TomlReader batch = toml.table("batch");
    SiteBatchFile file = std::move(usual);
    file.kind = batch.choice("kind", file.kind, {"local", "slurm", "slurmrestd"});
    const std::string folder = batch.text("folder", "");
    if (!folder.empty()) file.folder = whole(beside, folder);
    file.rest = read_rest(batch, beside, file.kind == "slurmrestd");
    file.containers = read_containers(batch, beside, file.folder);
    file.submit_options = batch.texts("submit_options", {});
    file.slurm_conf = batch.text("slurm_conf", "");
    if (file.kind != "slurm" && !(file.submit_options.empty() && file.slurm_conf.empty()))
        batch.reject("kind", "only slurm has submit_options and slurm_conf");
    return file;
}

Result<std::unique_ptr<SiteBatch>> SiteBatch::open(const SiteBatchFile& file, const ChainPolicy& chain,
                                                   std::int64_t gpus, const Clock& clock) {
    EM_ASSIGN(std::unique_ptr<BatchSystem> inner, open_patiently(file, gpus, clock));
    ChainOptions options;
    options.root = std::filesystem::absolute(file.folder / "chains");
    options.policy = chain;
    EM_ASSIGN(std::unique_ptr<ChainedBatch> chained, ChainedBatch::open(options, *inner, clock));
    return std::unique_ptr<SiteBatch>(new SiteBatch(std::move(inner), std::move(chained)));
}

}  // namespace euromesh::federation
