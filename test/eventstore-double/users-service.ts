/** Users: what `event-ledger eventstore setup` asks of a server. */
import { status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import users from '@eventstore/db-client/generated/users_pb.js';
import { accessDenied, Refusal, unknown } from './refusal.js';
import { streaming, unary, type Caller, type Service } from './service.js';
import type { User, UserChange, Users } from './users.js';

export function usersHandlers(service: Service, accounts: Users): UntypedServiceImplementation {
  const { access } = service;
  const changing = (login: string, change: UserChange): void => {
    if (!accounts.find(login)) throw notFound(login);
    accounts.set(login, change);
  };
  return {
    create: unary(service, (request: users.CreateReq, caller: Caller) => {
      access.checkGroup(caller.metadata);
      const options = required(request.getOptions());
      const login = options.getLoginName();
      if (accounts.find(login)) throw conflict(login);
      accounts.set(login, {
        fullName: options.getFullName(),
        groups: options.getGroupsList(),
        password: options.getPassword(),
      });
      return new users.CreateResp();
    }),
    update: unary(service, (request: users.UpdateReq, caller: Caller) => {
      access.checkGroup(caller.metadata);
      const options = required(request.getOptions());
      const change = { fullName: options.getFullName(), groups: options.getGroupsList() };
      changing(options.getLoginName(), change);
      return new users.UpdateResp();
    }),
    delete: unary(service, (request: users.DeleteReq, caller: Caller) => {
      access.checkGroup(caller.metadata);
      const login = required(request.getOptions()).getLoginName();
      if (!accounts.find(login)) throw notFound(login);
      accounts.delete(login);
      return new users.DeleteResp();
    }),
    enable: unary(service, (request: users.EnableReq, caller: Caller) => {
      access.checkGroup(caller.metadata);
      changing(required(request.getOptions()).getLoginName(), { disabled: false });
      return new users.EnableResp();
    }),
    disable: unary(service, (request: users.DisableReq, caller: Caller) => {
      access.checkGroup(caller.metadata);
      changing(required(request.getOptions()).getLoginName(), { disabled: true });
      return new users.DisableResp();
    }),
    resetPassword: unary(service, (request: users.ResetPasswordReq, caller: Caller) => {
      access.checkGroup(caller.metadata);
      const options = required(request.getOptions());
      changing(options.getLoginName(), { password: options.getNewPassword() });
      return new users.ResetPasswordResp();
    }),
    changePassword: unary(service, (request: users.ChangePasswordReq, caller: Caller) => {
      const options = required(request.getOptions());
      const login = options.getLoginName();
      const isOwn = access.isUser(caller.metadata, login);
      if (!isOwn || !accounts.knows(login, options.getCurrentPassword())) throw accessDenied();
      changing(login, { password: options.getNewPassword() });
      return new users.ChangePasswordResp();
    }),
    details: streaming<users.DetailsReq, users.DetailsResp>(service, (call) => {
      const login = call.request.getOptions()?.getLoginName() ?? '';
      if (login === '' || !access.isUser(call.metadata, login)) access.checkGroup(call.metadata);
      const user = accounts.find(login);
      if (login !== '' && !user) throw notFound(login);
      for (const one of user ? [user] : accounts.all()) call.write(details(one));
      call.end();
      return Promise.resolve();
    }),
  };
}

function details(user: User): users.DetailsResp {
  const updated = new users.DetailsResp.UserDetails.DateTime();
  updated.setTicksSinceEpoch(String(user.lastUpdated));
  const told = new users.DetailsResp.UserDetails();
  told
    .setLoginName(user.loginName)
    .setFullName(user.fullName)
    .setGroupsList([...user.groups]);
  told.setDisabled(user.disabled).setLastUpdated(updated);
  return new users.DetailsResp().setUserDetails(told);
}

function required<Options>(options: Options | undefined): Options {
  if (options === undefined) throw unknown();
  return options;
}

function notFound(login: string): Refusal {
  return new Refusal(status.NOT_FOUND, `User '${login}' is not found.`, {
    exception: 'user-not-found',
    'login-name': login,
  });
}

function conflict(login: string): Refusal {
  return new Refusal(status.FAILED_PRECONDITION, 'Conflict.', {
    exception: 'user-conflict',
    'login-name': login,
  });
}
