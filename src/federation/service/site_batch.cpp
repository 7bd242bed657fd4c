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

Result<std::unique_ptr<BatchSystem>> open_slurm(const SiteBatchFile& file, const Clock& clock) {
    SlurmCommandsOptions commands;
    commands.submit_options = file.submit_options;
    // As a user's own commands would find it.
    const std::string conf =
        file.slurm_conf.empty() ? os::environment("SLURM_CONF").value_or("") : file.slurm_conf;
    if (!conf.empty()) commands.environment["SLURM_CONF"] = conf;
    SlurmBatchOptions options;
    options.root = std::filesystem::absolute(file.folder);
    EM_ASSIGN(std::unique_ptr<SlurmBatch> batch,
              SlurmBatch::open(options, std::make_unique<SlurmCommands>(std::move(commands)), clock));
    return std::unique_ptr<BatchSystem>(std::move(batch));
}

// An agent that was just killed may hold the journal for another moment.
Result<std::unique_ptr<BatchSystem>> open_patiently(const SiteBatchFile& file, std::int64_t gpus,
                                                    const Clock& clock) {
    const Nanoseconds limit = clock.monotonic() + patience;
    for (;;) {
        auto batch = file.kind == "slurm" ? open_slurm(file, clock) : open_local(file, gpus, clock);
        const bool again = !batch && batch.error().code == Code::conflict && clock.monotonic() < limit;
        if (!again) return batch;
        os::wait_ready({}, std::chrono::milliseconds(100));
    }
}

}  // namespace

SiteBatchFile read_site_batch(contract::TomlReader& toml, const os::Path& beside, SiteBatchFile usual) {
    contract::TomlReader batch = toml.table("batch");
    SiteBatchFile file = std::move(usual);
    file.kind = batch.choice("kind", file.kind, {"local", "slurm"});
    const std::string folder = batch.text("folder", "");
    if (!folder.empty()) file.folder = std::filesystem::absolute(beside / folder).lexically_normal();
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
