#include "recipe_list.h"

#include <QCoreApplication>
#include <QLocale>
#include <QStringList>

#include <algorithm>
#include <iterator>
#include <utility>

namespace lapidary::app {
namespace {

/// "32 k", "1,000".
QString tokensText(int tokens) {
    return tokens > 0 && tokens % 1024 == 0
               ? QCoreApplication::translate("RecipeList", "%1 k").arg(tokens / 1024)
               : QLocale().toString(tokens);
}

} // namespace

RecipeList::RecipeList(QObject* parent) : QAbstractListModel(parent) {}

int RecipeList::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(recipes_.size());
}

QVariant RecipeList::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const engine::Recipe& recipe = recipes_[static_cast<std::size_t>(index.row())];
    switch (role) {
    case RecipeIdRole:
        return QString::fromStdString(recipe.id);
    case Qt::DisplayRole:
    case TitleRole:
        return QString::fromStdString(recipe.title);
    case SummaryRole:
        return recipe.summary.empty() ? summaryOf(recipe) : QString::fromStdString(recipe.summary);
    default:
        return {};
    }
}

QHash<int, QByteArray> RecipeList::roleNames() const {
    return {{RecipeIdRole, "recipeId"}, {TitleRole, "title"}, {SummaryRole, "summary"}};
}

int RecipeList::rowOf(const QString& id) const {
    const auto found = std::ranges::find(recipes_, id.toStdString(), &engine::Recipe::id);
    return found == recipes_.end() ? -1 : static_cast<int>(std::distance(recipes_.begin(), found));
}

void RecipeList::show(std::vector<engine::Recipe> recipes) {
    if (recipes == recipes_)
        return;
    beginResetModel();
    recipes_ = std::move(recipes);
    endResetModel();
}

void RecipeList::setModelContext(int tokens) {
    if (std::exchange(modelContextTokens_, tokens) != tokens && !recipes_.empty())
        emit dataChanged(index(0), index(rowCount() - 1), {SummaryRole});
}

QString RecipeList::summaryOf(const engine::Recipe& recipe) const {
    QStringList parts;
    parts.append(recipe.drafter.empty()
                     ? tr("no drafter")
                     : tr("drafter %1").arg(QString::fromStdString(recipe.drafter)));
    const bool cut = modelContextTokens_ > 0 && modelContextTokens_ < recipe.contextTokens;
    parts.append(cut ? tr("%1 (model’s limit)").arg(tokensText(modelContextTokens_))
                     : tokensText(recipe.contextTokens));
    if (recipe.weights == engine::WeightChoice::Fp8)
        parts.append(tr("fp8 weights"));
    if (recipe.head == engine::HeadChoice::EightBits)
        parts.append(tr("8-bit head"));
    parts.append(recipe.cache == engine::CacheFormat::BF16 ? tr("bf16 cache") : tr("f32 cache"));
    return parts.join(u" · ");
}

} // namespace lapidary::app
