#include "bench/exchange/cases.hpp"

#include "sync/codec_topk.hpp"
#include "sync/exchange/gather.hpp"
#include "sync/exchange/pki.hpp"

namespace euromesh::bench {
namespace {

using sync::Rank;

constexpr std::uint32_t barrier_round = 0;

std::vector<sync::ReduceMember> all_members(const Place& place) {
    std::vector<sync::ReduceMember> members;
    for (Rank rank = 0; rank < place.world; ++rank) members.push_back({rank, 1.0f});
    return members;
}

template <class Reduction>
Status finish(sync::Mesh& mesh, Reduction& reduce) {
    while (!reduce.done()) mesh.poll(std::chrono::seconds(1));
    return reduce.outcome();
}

class ReduceCase final : public Case {
  public:
    ReduceCase(const Place& place, Meshes& meshes, sync::Mesh& mesh, const sync::Codec& codec,
               sync::ReduceOptions options, std::uint32_t fragment)
        : mesh_(mesh), reduce_(mesh, codec, options), members_(all_members(place)), fragment_(fragment) {
        const std::size_t bytes = codec.encoded_bytes(place.values);
        payload_bytes_ = options.hub ? (place.world - 1) * bytes : reduce_payload_bytes(place, bytes);
        // fp32 in place, as the other libraries do it; a codec needs its values again.
        if (codec.name() == "fp32") own_ = contribution(place);
        mine_ = own_.empty() ? meshes.input() : own_;
        result_ = own_.empty() ? meshes.output() : own_;
    }

    Status run() override {
        EM_TRY(reduce_.start({++round_, 0, fragment_}, members_, mine_, result_));
        return finish(mesh_, reduce_);
    }
    std::uint64_t sent_bytes() const override { return mesh_.total_traffic().sent_bytes; }
    std::uint64_t payload_bytes() const override { return payload_bytes_; }
    float sample() const override { return result_[result_.size() / 3]; }

  private:
    sync::Mesh& mesh_;
    sync::AllReduce reduce_;
    std::vector<sync::ReduceMember> members_;
    std::vector<float> own_;
    std::span<const float> mine_;
    std::span<float> result_;
    std::uint64_t payload_bytes_ = 0;
    std::uint32_t fragment_;
    std::uint32_t round_ = barrier_round;
};

// As a run does it: coded first, then everybody gathers everybody's and adds up.
class GatherCase final : public Case {
  public:
    GatherCase(const Place& place, Meshes& meshes, sync::Mesh& mesh, const sync::Codec& codec,
               std::uint32_t fragment)
        : mesh_(mesh),
          codec_(codec),
          gather_(mesh, codec),
          members_(all_members(place)),
          mine_(meshes.input()),
          result_(meshes.output()),
          bytes_(codec.encoded_bytes(place.values)),
          payload_bytes_((place.world - 1) * bytes_.size()),
          fragment_(fragment) {}

    Status run() override {
        codec_.encode(mine_, bytes_);
        EM_TRY(gather_.start({++round_, 0, fragment_}, members_, bytes_, result_));
        return finish(mesh_, gather_);
    }
    std::uint64_t sent_bytes() const override { return mesh_.total_traffic().sent_bytes; }
    std::uint64_t payload_bytes() const override { return payload_bytes_; }
    float sample() const override { return result_[result_.size() / 3]; }

  private:
    sync::Mesh& mesh_;
    const sync::Codec& codec_;
    sync::AllGather gather_;
    std::vector<sync::ReduceMember> members_;
    std::span<const float> mine_;
    std::span<float> result_;
    std::vector<std::byte> bytes_;
    std::uint64_t payload_bytes_ = 0;
    std::uint32_t fragment_;
    std::uint32_t round_ = barrier_round;
};

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts(1);
    for (const char letter : text) {
        if (letter == separator)
            parts.emplace_back();
        else
            parts.back() += letter;
    }
    return parts;
}

}  // namespace

std::string site_name(std::size_t rank) {
    return "site" + std::to_string(rank);
}

std::vector<float> contribution(const Place& place) {
    return std::vector<float>(place.values, static_cast<float>(place.rank + 1));
}

std::uint64_t reduce_payload_bytes(const Place& place, std::size_t bytes) {
    return 2 * (place.world - 1) * bytes / place.world;
}

std::span<const float> Meshes::input() {
    if (input_.empty()) input_ = contribution(place_);
    return input_;
}

std::span<float> Meshes::output() {
    output_.resize(place_.values);
    return output_;
}

Result<sync::Mesh*> Meshes::get(bool tls) {
    if (!meshes_[tls]) EM_TRY(open(tls));
    return meshes_[tls].get();
}

Status Meshes::open(bool tls) {
    sync::MeshConfig config;
    EM_ASSIGN(config.run, RunId::parse(run_name, "run"));
    config.self = place_.rank;
    for (Rank rank = 0; rank < place_.world; ++rank) {
        EM_ASSIGN(SiteId site, SiteId::parse(site_name(rank), "site"));
        os::Endpoint endpoint =
            place_.endpoints.empty() ? os::Endpoint{"127.0.0.1", 0} : place_.endpoints[rank];
        if (endpoint.port != 0 && tls) ++endpoint.port;
        config.sites.push_back({std::move(site), std::move(endpoint)});
    }
    if (tls) {
        EM_ASSIGN(config.tls,
                  sync::pki_load(place_.folder, config.run, config.sites[place_.rank].site, clock_));
    }
    EM_ASSIGN(meshes_[tls], sync::Mesh::open(std::move(config), clock_));
    if (place_.endpoints.empty()) EM_TRY(tell_ports(*meshes_[tls], tls));
    return wait_until_up(*meshes_[tls]);
}

Status Meshes::tell_ports(sync::Mesh& mesh, bool tls) {
    const auto file = [&](Rank rank) {
        return place_.folder / fmt::format("port-{}-{}", tls ? "tls" : "plain", rank);
    };
    EM_TRY(os::write_file_atomically(file(place_.rank), std::to_string(mesh.port())));
    for (Rank rank = 0; rank < place_.world; ++rank) {
        for (;;) {
            const auto text = os::read_file(file(rank), 100);
            if (text) {
                EM_ASSIGN(const os::Endpoint endpoint, os::parse_endpoint("127.0.0.1:" + *text));
                mesh.set_endpoint(rank, endpoint);
                break;
            }
            if (text.error().code != Code::not_found) return fail(text.error());
            mesh.poll(std::chrono::milliseconds(5));
        }
    }
    return {};
}

Status Meshes::wait_until_up(sync::Mesh& mesh) {
    for (Rank rank = 0; rank < place_.world; ++rank) {
        while (rank != place_.rank && !mesh.is_up(rank)) {
            for (const sync::MeshEvent& event : mesh.poll(std::chrono::milliseconds(100))) {
                if (const auto* refused = std::get_if<sync::PeerRefused>(&event))
                    return fail(refused->reason);
            }
        }
    }
    return {};
}

Status Meshes::barrier() {
    EM_ASSIGN(const sync::Codec* codec, sync::find_codec("fp32"));
    EM_ASSIGN(sync::Mesh * mesh, get(meshes_[0] == nullptr && meshes_[1] != nullptr));
    sync::AllReduce reduce(*mesh, *codec);
    std::vector<float> value(place_.world, 1.0f);
    EM_TRY(reduce.start({barrier_round, barriers_++, 0}, all_members(place_), value, value));
    return finish(*mesh, reduce);
}

Result<std::unique_ptr<Case>> make_case(const std::string& name, const Place& place, Meshes& meshes) {
    if (name == "gloo") return make_gloo_case(place);
    if (name == "mpi") return make_mpi_case(place);
    const std::vector<std::string> words = split(name, ':');
    if (words[0] != "plain" && words[0] != "tls")
        return fail(Code::bad_input, "case '{}': begin with gloo, mpi, plain or tls", name);
    EM_ASSIGN(sync::Mesh * mesh, meshes.get(words[0] == "tls"));
    std::string codec_name = "fp32";
    sync::ReduceOptions options;
    options.chunk_values = place.chunk_values;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i] == "hub")
            options.hub = 0;
        else
            codec_name = words[i];
    }
    const auto fragment = static_cast<std::uint32_t>(std::hash<std::string>()(name));
    if (codec_name == sync::topk_codec().name())
        return std::make_unique<GatherCase>(place, meshes, *mesh, sync::topk_codec(), fragment);
    EM_ASSIGN(const sync::Codec* codec, sync::find_codec(codec_name));
    return std::make_unique<ReduceCase>(place, meshes, *mesh, *codec, options, fragment);
}

}  // namespace euromesh::bench
