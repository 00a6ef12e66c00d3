import { Burger } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";

import { KeyIcon, Logo, WaveIcon } from "./icons";
import { Preferences } from "./Preferences";
import classes from "./Shell.module.css";

/** Every page of the dashboard, in the order of the navigation. */
const PAGES = [
  { to: "/playground", label: "playground", icon: WaveIcon },
  { to: "/settings/providers", label: "providers", icon: KeyIcon },
] as const;

interface ShellProps {
  tenant: string;
  /** Above the name of the tenant. */
  foot: ReactNode;
  children: ReactNode;
}

/** The frame of every signed-in page: navigation, who is signed in, language and theme. */
export function Shell({ tenant, foot, children }: ShellProps) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#content">
        {t("skip")}
      </a>
      <div className={classes.bar}>
        <Brand />
        <Burger opened={open} onClick={() => setOpen(!open)} aria-label={t("menu")} aria-expanded={open} size="sm" />
      </div>
      <div className={classes.side} data-open={open}>
        <Brand />
        <nav aria-label={t("nav")}>
          <ul className={classes.pages}>
            {PAGES.map(({ to, label, icon: Icon }) => (
              <li key={to}>
                <Link className={classes.page} to={to} onClick={() => setOpen(false)}>
                  <Icon size={20} />
                  {t(label)}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className={classes.foot}>
          <Preferences />
          {foot}
          <div className={classes.tenant}>{t("signed_in_to", { tenant })}</div>
        </div>
      </div>
      <main id="content" className={classes.main} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function Brand() {
  const { t } = useTranslation();
  return (
    <Link className={classes.brand} to="/">
      <Logo />
      {t("name")}
    </Link>
  );
}
