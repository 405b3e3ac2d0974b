#include "collector/notify/words.hpp"

#include <algorithm>
#include <span>

namespace muster::collector {

namespace {

struct Word {
    std::string_view key;
    std::string_view en;
    std::string_view zh;
};

constexpr Word transitions[] = {
    {"opened", "Opened", "新事件"},
    {"reopened", "Reopened", "重新打开"},
    {"worsened", "Worse", "情况恶化"},
    {"resolved", "Resolved", "已恢复"},
    {"flapping", "Flapping", "状态抖动"},
    {"calmed", "Flapping no more", "抖动结束"},
};

constexpr Word kinds[] = {
    {"fault", "fault", "故障"},
    {"degradation", "degradation", "性能下降"},
    {"storm", "storm", "告警风暴"},
    {"redundancy_lost", "redundancy lost", "失去冗余"},
    {"forecast", "forecast", "预测"},
    {"host_down", "host down", "主机宕机"},
    {"agent_silent", "agent silent", "代理失联"},
    {"agent_copied", "agent lives twice", "代理重复"},
    {"vantage_isolated", "vantage point isolated", "观测点被隔离"},
    {"site_cut_off", "site cut off", "站点断连"},
    {"channel_dead", "channel dead", "通知通道失效"},
    {"reported", "reported", "人工上报"},
    {"request", "request", "请求"},
    {"unauthorised_change", "unauthorised change", "未授权变更"},
    {"imported", "imported", "外部导入"},
    {"complaint", "complaint", "投诉"},
};

std::string word(std::span<const Word> words, config::Language language, std::string_view key) {
    const auto found = std::ranges::find(words, key, &Word::key);
    if (found == words.end()) {
        std::string plain(key);
        std::ranges::replace(plain, '_', ' ');
        return plain;
    }
    return std::string(language == config::Language::zh ? found->zh : found->en);
}

}  // namespace

std::string word_transition(config::Language language, std::string_view transition) {
    return word(transitions, language, transition);
}

std::string word_kind(config::Language language, std::string_view kind) {
    return word(kinds, language, kind);
}

}  // namespace muster::collector
