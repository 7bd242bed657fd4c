// The suite of conformance_for_test.hpp over a shared folder, over spools with relays between them, and over
// a bucket.
#include "sync/exchange/conformance_for_test.hpp"
#include "sync/exchange/relay_loop.hpp"
#include "sync/exchange/s3_store_for_test.hpp"
#include "sync/exchange/store_way.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

const Logger quiet(test_clock, LogFormat::human, LogLevel::error, [](std::string_view) {});

// Sites of which each has a store, its own or a common one.
class ByStore : public ExchangeForTest {
  public:
    void prepare(const SitesForTest& sites, Rank self, MeshConfig& config) override {
        config.ways.resize(sites.names.size());
        for (Rank peer = 0; peer < sites.names.size(); ++peer) {
            if (peer == self) continue;
            StoreWayConfig way{"run-1", sites.names[self].text(), sites.names[peer].text()};
            way.tether.segment_bytes = 1u << 20;
            config.ways[peer] = std::make_shared<StoreWay>(store(self), way, test_clock);
        }
    }

  protected:
    virtual std::shared_ptr<BlobStore> store(Rank self) = 0;
};

class SharedFolder final : public ByStore {
    std::shared_ptr<BlobStore> store(Rank) override { return std::make_shared<FolderStore>(folder_.path()); }
    TestFolder folder_{"shared"};
};

class Bucket final : public ByStore {
  public:
    Bucket() {
        // One server for all of them, each with names of its own.
        static const S3Server server;
        static int number = 0;
        config_ = server.config();
        config_.prefix = fmt::format("run-{}/", ++number);
        config_.patience.most = std::chrono::milliseconds(100);
    }

  private:
    std::shared_ptr<BlobStore> store(Rank) override { return std::make_shared<S3Store>(config_); }
    S3Config config_;
};

// A spool for each site. Relays of the lower ranks listen, those of the higher ones dial each of them.
class Spools final : public ByStore {
  public:
    explicit Spools(const SitesForTest& sites) {
        for (Rank rank = 0; rank < sites.names.size(); ++rank) {
            stores_.push_back(std::make_shared<FolderStore>(folder_.path() / sites.names[rank].text()));
            RelayLoopConfig config = config_of(sites, rank);
            config.listen = os::Endpoint{"127.0.0.1", 0};
            const std::uint16_t port = start(rank, std::move(config));
            ports_.push_back(port);
            for (Rank lower = 0; lower < rank; ++lower) {
                config = config_of(sites, rank);
                config.dial = os::Endpoint{"127.0.0.1", ports_[lower]};
                start(rank, std::move(config));
            }
        }
    }
    ~Spools() override {
        for (os::Thread& thread : threads_) thread.request_stop();
    }

  private:
    static RelayLoopConfig config_of(const SitesForTest& sites, Rank rank) {
        RelayLoopConfig config;
        config.site = sites.names[rank].text();
        config.secret = "a secret of all relays";
        return config;
    }
    std::uint16_t start(Rank rank, RelayLoopConfig config) {
        loops_.push_back(RelayLoop::open(*stores_[rank], std::move(config), {}, test_clock, quiet).value());
        RelayLoop& loop = *loops_.back();
        const std::uint16_t port = loop.port();
        threads_.emplace_back([&loop](const std::stop_token& stop) { CHECK(loop.run(stop)); });
        return port;
    }
    std::shared_ptr<BlobStore> store(Rank self) override { return stores_[self]; }

    TestFolder folder_{"spools"};
    std::vector<std::shared_ptr<FolderStore>> stores_;
    std::vector<std::uint16_t> ports_;
    std::vector<std::unique_ptr<RelayLoop>> loops_;
    std::vector<os::Thread> threads_;
};

}  // namespace

TEST_CASE("conformance: one folder") {
    check_exchange([](const SitesForTest&) { return std::make_unique<SharedFolder>(); });
}

TEST_CASE("conformance: spools, with relays between them") {
    check_exchange([](const SitesForTest& sites) { return std::make_unique<Spools>(sites); });
}

TEST_CASE("conformance: bucket") {
    check_exchange([](const SitesForTest&) { return std::make_unique<Bucket>(); });
}
