// What every page has: appearance, menus, forms that are sent once, dialogs that ask first, keys.

import "./theme.js";
import "./menus.js";
import "./forms.js";
import "./keys.js";
