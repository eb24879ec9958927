#include "recipe_list.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lapidary::app {

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
        return QString::fromStdString(recipe.summary);
    case ContextRole:
        return recipe.contextTokens;
    default:
        return {};
    }
}

QHash<int, QByteArray> RecipeList::roleNames() const {
    return {{RecipeIdRole, "recipeId"},
            {TitleRole, "title"},
            {SummaryRole, "summary"},
            {ContextRole, "contextTokens"}};
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

} // namespace lapidary::app
