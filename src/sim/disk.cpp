#include "sim/disk.hpp"

#include <utility>

namespace euromesh::sim {

Status SimDisk::room() {
    if (!std::exchange(full_, false)) return {};
    return fail(Code::no_space, "the disk of the site is full: free some room");
}

Status SimDisk::append(const std::string& line) {
    EM_TRY(room());
    text_ += line + "\n";
    head_ = sync::chain_digest(line);
    return {};
}

Status SimDisk::continue_from(const sync::Position& position, const std::string& last_line) {
    if (head_.empty() || head_ == position.chain_head) return {};
    const auto last = sync::decode_manifest(last_line);
    const bool only_it_is_missing =
        last && last->previous == head_ && sync::chain_digest(last_line) == position.chain_head;
    if (only_it_is_missing) return append(last_line);
    set_aside();
    return {};
}

void SimDisk::set_aside() {
    aside_.push_back(std::exchange(text_, {}));
    head_.clear();
}

Status SimDisk::save(Checkpoint checkpoint) {
    EM_TRY(room());
    checkpoint_ = std::move(checkpoint);
    return {};
}

std::vector<std::string> SimDisk::files() const {
    std::vector<std::string> all = aside_;
    if (!text_.empty()) all.push_back(text_);
    return all;
}

}  // namespace euromesh::sim
