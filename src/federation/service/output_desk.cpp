#include "federation/service/output_desk.hpp"

#include <algorithm>

namespace euromesh::federation {

void OutputDesk::ask(const std::string& site, const std::string& claim, Answer answer) {
    {
        const std::lock_guard lock(mutex_);
        if (questions_.size() < most_) {
            questions_.push_back({site, claim, std::move(answer), clock_.monotonic()});
            return;
        }
    }
    answer(fail(Code::unavailable, "too many ask for output at once; try again in a moment"));
}

std::vector<std::string> OutputDesk::wanted(const std::string& site) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> claims;
    for (const Question& question : questions_) {
        if (question.site == site) claims.push_back(question.claim);
    }
    std::sort(claims.begin(), claims.end());
    claims.erase(std::unique(claims.begin(), claims.end()), claims.end());
    return claims;
}

template <class Matches>
std::vector<OutputDesk::Question> OutputDesk::take(Matches matches) {
    const std::lock_guard lock(mutex_);
    std::vector<Question> taken;
    std::deque<Question> rest;
    for (Question& question : questions_) {
        if (matches(question))
            taken.push_back(std::move(question));
        else
            rest.push_back(std::move(question));
    }
    questions_ = std::move(rest);
    return taken;
}

void OutputDesk::bring(const std::string& site, const std::string& claim, const Json& output) {
    const auto matches = [&](const Question& one) { return one.site == site && one.claim == claim; };
    for (const Question& question : take(matches)) question.answer(output);
}

void OutputDesk::give_up() {
    const Nanoseconds now = clock_.monotonic();
    for (const Question& question : take([&](const Question& one) { return now - one.since >= limit_; })) {
        question.answer(
            fail(Code::unavailable, "site {} has not called for {} s; its output is there when it does",
                 question.site, std::chrono::duration_cast<std::chrono::seconds>(limit_).count()));
    }
}

}  // namespace euromesh::federation
