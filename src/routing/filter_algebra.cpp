// Filters compared level by level.
#include "routing/filter_algebra.hpp"

#include "multimqtt/pattern_grammar.hpp"

namespace multimqtt::routing {
namespace {

// The levels of a filter, one after the other.
class LevelReader {
public:
    explicit LevelReader(std::string_view filter) : filter_{filter} { read(); }

    [[nodiscard]] bool ended() const noexcept { return ended_; }
    [[nodiscard]] std::string_view level() const noexcept { return level_; }

    void next() noexcept {
        ended_ = offset_ > filter_.size();
        if (!ended_) {
            read();
        }
    }

private:
    void read() noexcept {
        const std::size_t slash = filter_.find('/', offset_);
        const std::size_t end = slash == std::string_view::npos ? filter_.size() : slash;
        level_ = filter_.substr(offset_, end - offset_);
        offset_ = end + 1;
    }

    std::string_view filter_;
    std::string_view level_;
    std::size_t offset_ = 0;
    bool ended_ = false;
};

template <class Predicate>
bool any_level(std::string_view filter, Predicate predicate) {
    for (LevelReader reader{filter}; !reader.ended(); reader.next()) {
        if (predicate(reader.level())) {
            return true;
        }
    }
    return false;
}

bool is_wildcard(std::string_view level) noexcept {
    return level == "+" || level == "#";
}

}  // namespace

std::size_t share_size(std::string_view filter) noexcept {
    std::size_t inner_offset = 0;
    const grammar::Problem problem = grammar::read_share(filter, inner_offset);
    return problem.fault == grammar::Fault::none ? inner_offset : 0;
}

bool covers(std::string_view wide, std::string_view narrow) noexcept {
    if (narrow.starts_with('$') && (wide.starts_with('+') || wide.starts_with('#'))) {
        return false;  // v5 and v3.1.1 [MQTT-4.7.2-1].
    }
    LevelReader outer{wide};
    LevelReader inner{narrow};
    for (; !outer.ended(); outer.next(), inner.next()) {
        if (outer.level() == "#") {
            return true;
        }
        if (inner.ended() || inner.level() == "#") {
            return false;
        }
        if (outer.level() != "+" && outer.level() != inner.level()) {
            return false;
        }
    }
    return inner.ended();
}

std::string common_cover(std::string_view left, std::string_view right) {
    std::string cover;
    LevelReader first{left};
    LevelReader second{right};
    for (; !first.ended() || !second.ended(); first.next(), second.next()) {
        cover.append(cover.empty() && first.level().data() == left.data() ? "" : "/");
        if (first.ended() || second.ended() || first.level() == "#" || second.level() == "#") {
            return cover.append("#");
        }
        cover.append(first.level() == second.level() ? first.level() : "+");
    }
    return cover;
}

bool has_literal_level(std::string_view filter) noexcept {
    return any_level(filter, [](std::string_view level) { return !is_wildcard(level); });
}

bool has_wildcard_level(std::string_view filter) noexcept {
    return any_level(filter, is_wildcard);
}

}  // namespace multimqtt::routing
